// Daily work with campaigns through `facebook-nodejs-business-sdk`: lists, creation, batches, images, insights.
'use strict';

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const {
  AdAccount,
  AdReportRun,
  Campaign,
  FacebookAdsApi,
  FacebookAdsApiBatch,
  User,
} = require('facebook-nodejs-business-sdk');
const meta = require('./pretend-meta.js');

Object.defineProperty(FacebookAdsApi, 'GRAPH', { get: () => meta.BASE });

const CAMPAIGN = {
  name: 'Frühling & Sommer',
  objective: 'OUTCOME_TRAFFIC',
  special_ad_categories: [],
  status: 'PAUSED',
};

let api;
let account;

// This SDK does not send appsecret_proof.
before(async () => {
  await meta.requireProof(false);
  api = FacebookAdsApi.init(await meta.logIn(meta.SOLE_TRADER), 'en_US', false);
  const [first] = await new User('me', {}, undefined, api).getAdAccounts([]);
  account = new AdAccount(first.id, {}, undefined, api);
});
after(() => meta.requireProof(true));

async function all(cursor) {
  const rows = [...cursor];
  while (cursor.hasNext()) rows.push(...(await cursor.next()));
  return rows;
}

test('campaigns with nested ad sets', async () => {
  const fields = ['name', 'objective', 'effective_status', 'adsets.limit(2){name}'];
  const campaigns = await all(await account.getCampaigns(fields, { effective_status: ['ACTIVE'] }));
  assert.ok(campaigns.length >= 9);
  assert.ok(campaigns.every((campaign) => campaign.effective_status === 'ACTIVE'));
  assert.equal(campaigns.at(-1).adsets.data.length, 2);
});

test('a thousand ads in pages of a hundred', async () => {
  const first = await account.getAds(['name', 'adset_id'], { limit: 100 });
  assert.equal(first.length, 100);
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
  const error = await account.createCampaign([], { name: 'Incomplete' }).catch((caught) => caught);
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
  assert.match(hash, /^[0-9a-f]{32}$/);
  assert.deepEqual([width, height], [640, 360]);
  const listed = await account.getAdImages(['hash', 'width'], { hashes: [hash] });
  assert.deepEqual([...listed].map((row) => row.hash), [hash]);
});

test('insights', async () => {
  const params = { level: 'campaign', date_preset: 'last_7d' };
  const rows = await all(await account.getInsights(['campaign_id', 'spend'], { ...params }));
  assert.equal(rows.length, 12);
  const run = await account.getInsightsAsync(['campaign_id', 'spend'], { ...params });
  assert.ok(run instanceof AdReportRun);
  assert.equal((await run.read([])).async_status, 'Job Completed');
  const finished = await all(await run.getInsights([]));
  assert.deepEqual(finished.map((row) => row._data), rows.map((row) => row._data));
});
