// `facebook-nodejs-business-sdk`, unmodified except for `FacebookAdsApi.GRAPH`.
'use strict';

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const {
  AdAccount,
  Business,
  FacebookAdsApi,
  FacebookAdsApiBatch,
  Page,
  User,
} = require('facebook-nodejs-business-sdk');
const meta = require('./pretend-meta.js');

Object.defineProperty(FacebookAdsApi, 'GRAPH', { get: () => meta.BASE });

let agency;
const as = (token) => new User('me', {}, undefined, FacebookAdsApi.init(token, 'en_US', false));
const me = () => as(agency);

// This SDK does not send appsecret_proof.
before(async () => {
  await meta.requireProof(false);
  agency = await meta.logIn(meta.AGENCY);
});
after(() => meta.requireProof(true));

/** The error of a refused call, with its status, code and subcode. */
async function refusal(call) {
  const error = await call().then(() => assert.fail('no error'), (error) => error);
  assert.equal(error.name, 'FacebookRequestError', error.stack);
  return { error, numbers: [error.status, error.response.code, error.response.error_subcode] };
}

async function all(cursor) {
  const rows = [...cursor];
  while (cursor.hasNext()) rows.push(...(await cursor.next()));
  return rows;
}

test('me', async () => {
  const read = await me().read(['id', 'name', 'first_name', 'middle_name', 'email', 'picture', 'link']);
  assert.equal(read.id, meta.AGENCY.id);
  assert.equal(read.name, meta.AGENCY.name);
  assert.equal(read.email, 'aylin@studio-nordlicht.example');
  assert.ok(read.picture.data.url.startsWith(meta.BASE));
});

for (const limit of [undefined, 100]) {
  test(`paging by next returns every ad account once, limit ${limit ?? 'default'}`, async () => {
    const params = limit === undefined ? { summary: true } : { limit, summary: true };
    const first = await me().getAdAccounts(['id', 'name'], params);
    assert.equal(first.length, limit ?? 25);
    assert.equal(first.summary.total_count, 1307);
    const next = new URL(first.paging.next);
    assert.equal(next.origin, meta.BASE);
    for (const [name, value] of Object.entries({ access_token: agency, fields: 'id,name', limit: `${first.length}` })) {
      assert.equal(next.searchParams.get(name), value);
    }
    const rows = await all(first);
    assert.equal(new Set(rows.map((row) => row.id)).size, 1307);
    assert.equal(rows.length, 1307);
    assert.ok(rows.every((row) => row.name !== undefined), 'next contains the fields');
  });
}

test('paging back by previous', async () => {
  const cursor = await me().getAdAccounts(['id'], { limit: 10 });
  const ids = [...cursor].map((row) => row.id);
  assert.equal(cursor.hasPrevious(), false);
  await cursor.next();
  assert.notEqual(cursor[0].id, ids[0]);
  await cursor.previous();
  assert.deepEqual([...cursor].map((row) => row.id), ids);
});

test('ad account fields', async () => {
  const [first] = await me().getAdAccounts([], { limit: 1 });
  const account = await new AdAccount(first.id).read([
    'account_id', 'name', 'account_status', 'currency', 'amount_spent', 'business', 'timezone_offset_hours_utc',
  ]);
  assert.equal(account.id, `act_${account.account_id}`);
  assert.equal(typeof account.account_status, 'number');
  assert.match(account.amount_spent, /^\d+$/);
  assert.equal(account.business.name, 'Studio Nordlicht GmbH');
});

test('businesses with owned and client ad accounts', async () => {
  const counts = [];
  for (const { id } of await all(await me().getBusinesses(['id', 'name']))) {
    const owned = await all(await new Business(id).getOwnedAdAccounts(['id'], { limit: 200 }));
    const clients = await all(await new Business(id).getClientAdAccounts(['id'], { limit: 200 }));
    counts.push([owned.length, clients.length]);
  }
  assert.deepEqual(counts, [[412, 0], [0, 873], [21, 0]]);
});

test('Pages and Page tokens', async () => {
  const pages = await all(await me().getAccounts(['id', 'name', 'access_token'], { limit: 50 }));
  assert.equal(pages.length, 41);
  const api = FacebookAdsApi.init(pages[0].access_token, 'en_US', false);
  const page = await new Page(pages[0].id, {}, undefined, api).read(['name']);
  assert.equal(page.name, pages[0].name);
});

test('long-lived tokens work like short-lived ones', async () => {
  const long = await meta.exchange(agency);
  assert.notEqual(long, agency);
  assert.equal((await as(long).read(['id'])).id, meta.AGENCY.id);
});

test('the token identifies its app', async () => {
  const api = FacebookAdsApi.init(agency, 'en_US', false);
  const answer = await api.getAppID();
  assert.equal(answer.data.data.app_id, meta.APP_ID);
});

test('a batch answers each item separately', async () => {
  const batch = new FacebookAdsApiBatch(FacebookAdsApi.init(agency, 'en_US', false));
  const done = {};
  const refused = {};
  const add = (name, path, params) =>
    batch.add('GET', path, params, undefined,
      (response) => { done[name] = response; }, (response) => { refused[name] = response; });
  add('me', ['me'], { fields: 'id,name' });
  add('accounts', ['me', 'adaccounts'], { fields: 'id,business{id,name}', limit: 3 });
  add('nothing', ['act_1']);
  assert.equal(await batch.execute(), null);
  assert.deepEqual(done.me.body, { id: meta.AGENCY.id, name: meta.AGENCY.name });
  assert.equal(done.me.status, 200);
  assert.ok(done.me.headers.some(({ name }) => name === 'facebook-api-version'));
  assert.equal(done.accounts.body.data.length, 3);
  assert.deepEqual([refused.nothing.status, refused.nothing.body.error.code], [400, 100]);
});

test('a timed-out item is returned as a new batch', async () => {
  await meta.fault('permissions', 'null_in_batch');
  const batch = new FacebookAdsApiBatch(FacebookAdsApi.init(agency, 'en_US', false));
  let answers = 0;
  for (const path of [['me'], ['me', 'permissions']]) {
    batch.add('GET', path, undefined, undefined, () => { answers += 1; });
  }
  const again = await batch.execute();
  assert.equal(answers, 1);
  assert.equal(await again.execute(), null);
  assert.equal(answers, 2);
});

test('an expired session is 190/463', async () => {
  const person = as(await meta.logIn(meta.SOLE_TRADER));
  await meta.invalidateTokens(meta.SOLE_TRADER, 463);
  const { error, numbers } = await refusal(() => person.read(['id']));
  assert.deepEqual(numbers, [400, 190, 463]);
  assert.equal(error.response.type, 'OAuthException');
  assert.equal(error.response.fbtrace_id, error.headers['x-fb-request-id']);
  assert.match(error.message, /^Error validating access token: Session has expired on /);
  await meta.restoreTokens(meta.SOLE_TRADER);
});

test('an unknown ad account is 100/33', async () => {
  const api = FacebookAdsApi.init(agency, 'en_US', false);
  const { error, numbers } = await refusal(() => new AdAccount('act_1', {}, undefined, api).read(['id']));
  assert.deepEqual(numbers, [400, 100, 33]);
  assert.equal(error.response.type, 'GraphMethodException');
});

test('a rate limit error keeps its codes and headers', async () => {
  await meta.refuse('ad_accounts', 400, 17, 2446079, '(#17) User request limit reached');
  const { error, numbers } = await refusal(() => me().getAdAccounts(['id']));
  assert.deepEqual(numbers, [400, 17, 2446079]);
  assert.ok('call_count' in JSON.parse(error.headers['x-app-usage']));
});

test('a call without a required proof is refused', async () => {
  await meta.requireProof(true);
  const { error, numbers } = await refusal(() => me().read(['id']));
  assert.deepEqual(numbers, [400, 100, undefined]);
  assert.match(error.message, /require an appsecret_proof/);
  await meta.requireProof(false);
});

test('revoking one permission and then all', async () => {
  const person = as(await meta.logIn(meta.SOLE_TRADER));
  await person.deletePermissions({ permission: 'email' });
  assert.equal('email' in (await person.read(['id', 'email']))._data, false);
  await person.deletePermissions();
  assert.deepEqual((await refusal(() => person.read(['id']))).numbers, [400, 190, 458]);
});
