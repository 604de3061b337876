// `facebook-nodejs-business-sdk` through the Graph proxy, unmodified except for its base URL: the access token is an
// API key.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const {
  AdAccount,
  AdReportRun,
  Campaign,
  FacebookAdsApi,
  FacebookAdsApiBatch,
  User,
} = require('facebook-nodejs-business-sdk');

const PROXY = `${process.env.METAADS_URL}/graph`;
const KEY = process.env.METAADS_API_KEY;
const CAMPAIGN = {
  name: 'Frühling & Sommer',
  objective: 'OUTCOME_TRAFFIC',
  special_ad_categories: [],
  status: 'PAUSED',
};

Object.defineProperty(FacebookAdsApi, 'GRAPH', { get: () => PROXY });

const api = FacebookAdsApi.init(KEY, 'en_US', false);
const account = new AdAccount('act_825642424077674', {}, undefined, api);

async function all(cursor) {
  const rows = [...cursor];
  while (cursor.hasNext()) rows.push(...(await cursor.next()));
  return rows;
}

async function refusal(call) {
  const error = await call().then(() => assert.fail('no error'), (error) => error);
  assert.equal(error.name, 'FacebookRequestError', error.stack);
  return error;
}

test('the person and the ad accounts', async () => {
  const me = new User('me', {}, undefined, api);
  assert.equal((await me.read(['id', 'name'])).name, 'Tom Okafor');
  assert.deepEqual([...(await me.getAdAccounts(['id']))].map((row) => row.id), [account.id]);
});

test('campaigns with nested ad sets', async () => {
  const fields = ['name', 'effective_status', 'adsets.limit(2){name}'];
  const campaigns = await all(await account.getCampaigns(fields, { effective_status: ['ACTIVE'] }));
  assert.ok(campaigns.length >= 9);
  assert.equal(campaigns.at(-1).adsets.data.length, 2);
});

test('a thousand ads in pages of a hundred', async () => {
  const first = await account.getAds(['name', 'adset_id'], { limit: 100 });
  assert.equal(first.length, 100);
  const next = new URL(first.paging.next);
  assert.ok(first.paging.next.startsWith(`${PROXY}/`), first.paging.next);
  assert.equal(next.searchParams.get('access_token'), KEY);
  assert.equal(new Set((await all(first)).map((ad) => ad.id)).size, 1200);
});

test('a campaign is created, changed and deleted', async () => {
  const { id } = await account.createCampaign([], { ...CAMPAIGN });
  const campaign = new Campaign(id, {}, undefined, api);
  assert.equal((await campaign.read(['name'])).name, CAMPAIGN.name);
  await campaign.update([], { name: 'Herbst', daily_budget: 2500 });
  assert.equal((await campaign.read(['name', 'daily_budget'])).daily_budget, '2500');
  await campaign.delete();
  assert.equal((await campaign.read(['status'])).status, 'DELETED');
  const error = await refusal(() => account.createCampaign([], { name: 'Incomplete' }));
  assert.deepEqual([error.status, error.response.code], [400, 100]);
});

test('a batch of fifty', async () => {
  const batch = new FacebookAdsApiBatch(api);
  const created = [];
  for (let number = 0; number < 50; number += 1) {
    batch.add('POST', [account.id, 'campaigns'], { ...CAMPAIGN, name: `Batch ${number}` }, undefined,
      (response) => { created.push(response.body.id); }, (response) => assert.fail(response.error));
  }
  assert.equal(await batch.execute(), null);
  assert.equal(new Set(created).size, 50);
  assert.equal((await new Campaign(created[7], {}, undefined, api).read(['name'])).name, 'Batch 7');
});

test('an image is uploaded', async () => {
  const png = Buffer.alloc(32);
  png.write('89504e470d0a1a0a0000000d494844520000028000000168', 'hex');
  const image = await account.createAdImage([], { bytes: png.toString('base64') });
  const { hash, width, height } = image.images.bytes;
  assert.deepEqual([width, height], [640, 360]);
  const listed = await account.getAdImages(['hash', 'width'], { hashes: [hash] });
  assert.deepEqual([...listed].map((row) => row.hash), [hash]);
});

test('insights and a report run', async () => {
  const params = { level: 'campaign', date_preset: 'last_7d' };
  const rows = await all(await account.getInsights(['campaign_id', 'spend'], { ...params }));
  assert.equal(rows.length, 12);
  const run = await account.getInsightsAsync(['campaign_id', 'spend'], { ...params });
  assert.ok(run instanceof AdReportRun);
  assert.equal((await run.read([])).async_status, 'Job Completed');
  const finished = await all(await run.getInsights([]));
  assert.deepEqual(finished.map((row) => row._data), rows.map((row) => row._data));
});

test('errors of the proxy are errors of the SDK', async () => {
  const error = await refusal(() => new User('me', {}, undefined, api).deletePermissions());
  assert.deepEqual([error.status, error.response.code], [403, 200]);
  assert.equal(error.response.metaads.code, 'forbidden');
});
