// A client of the sandbox: answers the dialog without a browser, and calls the control API.
'use strict';

const assert = require('node:assert/strict');

const BASE = process.env.SANDBOX_URL ?? 'http://127.0.0.1:4000';
const APP_ID = '100200300400500';
const APP_SECRET = 'pretend-meta-app-secret';
const REDIRECT_URI = 'http://localhost:9/callback';

// Personas.
const AGENCY = { key: 'agency', id: '10226498135524402', name: 'Aylin Kaya-Öztürk' };
const SOLE_TRADER = { key: 'sole-trader', id: '10158760143021101', name: 'Tom Okafor' };

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function attributes(tag) {
  const found = {};
  for (const [, name, value] of tag.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)) {
    found[name] = (value ?? '').replace(/&(amp|lt|gt|quot|#39);/g, (_, entity) => ENTITIES[entity]);
  }
  return found;
}

/** The fields that a browser would submit without any input. */
function defaultFields(html) {
  const inputs = [...html.matchAll(/<input ([^>]*)>/g)].map(([, text]) => attributes(text));
  return inputs
    .filter((input) => !('disabled' in input) && (input.type === 'hidden' || 'checked' in input))
    .map((input) => [input.name, input.value]);
}

/** Opens the dialog and presses a button as `person`. Returns the URL the browser is redirected to. */
async function answerDialog(url, person, { decision = 'continue', declined = [] } = {}) {
  const page = await fetch(url);
  const html = await page.text();
  assert.equal(page.status, 200, html);
  const { action } = attributes(html.match(/<form ([^>]*)>/)[1]);
  const kept = defaultFields(html).filter(
    ([name, value]) => name !== 'persona' && !(name === 'permission' && declined.includes(value)),
  );
  const body = new URLSearchParams([...kept, ['persona', person.key], ['decision', decision]]);
  const answer = await fetch(new URL(action, url), { method: 'POST', body, redirect: 'manual' });
  assert.equal(answer.status, 302);
  return answer.headers.get('location');
}

async function requestToken(params) {
  const query = new URLSearchParams({ client_id: APP_ID, client_secret: APP_SECRET, ...params });
  const answer = await fetch(`${BASE}/v24.0/oauth/access_token?${query}`);
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body;
}

/** A complete login. Returns the short-lived token. */
async function logIn(person) {
  const query = new URLSearchParams({
    client_id: APP_ID,
    redirect_uri: REDIRECT_URI,
    state: 's+/=1',
    scope: 'ads_read,ads_management,business_management,pages_show_list,email',
  });
  const back = new URL(await answerDialog(`${BASE}/v24.0/dialog/oauth?${query}`, person));
  assert.equal(back.searchParams.get('state'), 's+/=1');
  const answer = await requestToken({ code: back.searchParams.get('code'), redirect_uri: REDIRECT_URI });
  return answer.access_token;
}

async function exchange(token) {
  const answer = await requestToken({ grant_type: 'fb_exchange_token', fb_exchange_token: token });
  return answer.access_token;
}

async function control(name, body, headers) {
  const url = `${BASE}/_control/${name}`;
  const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
  assert.ok([200, 303].includes(answer.status), `${name}: ${answer.status}`);
}

/** Injects this effect into the next call of an endpoint. */
function fault(endpoint, effect) {
  return control('faults', JSON.stringify({ endpoint, times: 1, effect }), {
    'content-type': 'application/json',
  });
}

/** Injects this Graph error into the next call of an endpoint. */
function refuse(endpoint, status, code, subcode, message) {
  return fault(endpoint, { graph: { status, code, subcode, kind: 'OAuthException', message } });
}

const invalidateTokens = (person, subcode) =>
  control('tokens', new URLSearchParams({ user_id: person.id, subcode }));
const restoreTokens = (person) => control('people', new URLSearchParams({ user_id: person.id, act: 'heal' }));
/** The switch "Require App Secret" of the app. */
const requireProof = (isRequired) =>
  control('settings', new URLSearchParams({ requires_proof: isRequired ? 'on' : 'off' }));

module.exports = {
  BASE,
  APP_ID,
  APP_SECRET,
  AGENCY,
  SOLE_TRADER,
  answerDialog,
  logIn,
  exchange,
  fault,
  refuse,
  invalidateTokens,
  restoreTokens,
  requireProof,
};
