// `passport-facebook`, unmodified except for three URLs, in a small app.
'use strict';

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const http = require('node:http');
const { after, before, test } = require('node:test');
const passport = require('passport');
const { Strategy } = require('passport-facebook');
const meta = require('./pretend-meta.js');

const GRAPH = `${meta.BASE}/v26.0`;
const sessions = new Map();
let server;
let app;

/** A small app: sessions in a map, a login path and a callback path. Responses contain the result of passport. */
function serve(request, response) {
  const url = new URL(request.url, app);
  request.query = Object.fromEntries(url.searchParams);
  const known = request.headers.cookie?.match(/session=([\w-]+)/)?.[1];
  const id = sessions.has(known) ? known : randomUUID();
  if (id !== known) sessions.set(id, {});
  request.session = sessions.get(id);
  response.setHeader('set-cookie', `session=${id}; Path=/`);
  const respond = (status, body) => {
    response.statusCode = status;
    response.end(JSON.stringify(body));
  };
  const done = (error, user, info, status) => {
    if (error) {
      const { name, message, code, subcode, type } = error;
      return respond(500, { error: { name, message, code, subcode, type } });
    }
    return user ? respond(200, { user }) : respond(status ?? 401, { info });
  };
  passport.authenticate('facebook', { session: false }, done)(request, response, done);
}

before(async () => {
  server = http.createServer(serve).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  app = `http://localhost:${server.address().port}`;
  passport.use(
    new Strategy(
      {
        clientID: meta.APP_ID,
        clientSecret: meta.APP_SECRET,
        callbackURL: `${app}/callback`,
        authorizationURL: `${GRAPH}/dialog/oauth`,
        tokenURL: `${GRAPH}/oauth/access_token`,
        profileURL: `${GRAPH}/me`,
        profileFields: ['id', 'displayName', 'name', 'emails', 'photos', 'profileUrl', 'gender'],
        scope: ['email', 'ads_read'],
        enableProof: true,
        state: true,
      },
      (accessToken, refreshToken, profile, verified) => verified(null, { accessToken, refreshToken, profile }),
    ),
  );
});
after(() => server.close());

/** A minimal browser: keeps the cookie of the app. */
class Browser {
  async get(url) {
    const headers = this.cookie ? { cookie: this.cookie } : {};
    // On some machines, localhost resolves to ::1.
    const answer = await fetch(url.replace('//localhost:', '//127.0.0.1:'), { headers, redirect: 'manual' });
    this.cookie = answer.headers.get('set-cookie').split(';')[0];
    return answer;
  }

  /** Starts a login. Returns the URL of the dialog. */
  async startLogin() {
    const answer = await this.get(`${app}/login`);
    assert.equal(answer.status, 302);
    return answer.headers.get('location');
  }

  /** Follows the redirect of the dialog. */
  async followCallback(address) {
    assert.ok(address.startsWith(`${app}/callback?`), address);
    const answer = await this.get(address);
    return { status: answer.status, ...(await answer.json()) };
  }

  async logIn(person, how) {
    return this.followCallback(await meta.answerDialog(await this.startLogin(), person, how));
  }
}

test('a login returns the profile and a token', async () => {
  const { status, user } = await new Browser().logIn(meta.AGENCY);
  assert.equal(status, 200);
  const { profile, accessToken, refreshToken } = user;
  assert.equal(profile.provider, 'facebook');
  assert.equal(profile.id, meta.AGENCY.id);
  assert.equal(profile.displayName, meta.AGENCY.name);
  assert.deepEqual([profile.name.givenName, profile.name.familyName], ['Aylin', 'Kaya-Öztürk']);
  assert.equal(profile.emails[0].value, 'aylin@studio-nordlicht.example');
  assert.ok(profile.photos[0].value.startsWith(meta.BASE));
  assert.equal(refreshToken, undefined, 'Meta has no refresh tokens');
  assert.notEqual(await meta.exchange(accessToken), accessToken);
});

test('cancelling is a failure, not an error', async () => {
  const back = await meta.answerDialog(await new Browser().startLogin(), meta.AGENCY, { decision: 'cancel' });
  assert.equal(new URL(back).searchParams.get('error'), 'access_denied');
  const { status, info } = await new Browser().followCallback(back);
  assert.equal(status, 401);
  assert.equal(info.message, 'Permissions error');
});

test('an inactive app is an error with its code', async () => {
  const { error } = await new Browser().logIn(meta.AGENCY, { decision: 'app-not-active' });
  assert.deepEqual([error.name, error.code], ['FacebookAuthorizationError', 1349126]);
});

test('a wrong state and the state of another browser are refused', async () => {
  const browser = new Browser();
  const back = await meta.answerDialog(await browser.startLogin(), meta.SOLE_TRADER);
  const wrong = new URL(back);
  wrong.searchParams.set('state', 'another');
  const other = new Browser();
  await other.startLogin();
  assert.equal((await other.followCallback(back)).status, 403);
  assert.equal((await browser.followCallback(wrong.href)).status, 403);
});

test('a used code is a token error with its code', async () => {
  const browser = new Browser();
  const used = new URL(await meta.answerDialog(await browser.startLogin(), meta.SOLE_TRADER));
  assert.equal((await browser.followCallback(used.href)).status, 200);
  const fresh = new URL(await meta.answerDialog(await browser.startLogin(), meta.SOLE_TRADER));
  fresh.searchParams.set('code', used.searchParams.get('code'));
  const { error } = await browser.followCallback(fresh.href);
  assert.deepEqual([error.name, error.code, error.subcode], ['FacebookTokenError', 100, 36009]);
});

test('a refused profile request is an error with its code', async () => {
  const browser = new Browser();
  const back = await meta.answerDialog(await browser.startLogin(), meta.SOLE_TRADER);
  await meta.refuse('me', 400, 190, 463, 'Error validating access token');
  const { error } = await browser.followCallback(back);
  assert.deepEqual([error.name, error.code, error.subcode], ['FacebookGraphAPIError', 190, 463]);
});
