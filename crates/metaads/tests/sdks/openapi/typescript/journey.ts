// The main journey with openapi-fetch, on the types that openapi-typescript generates. tsc checks every path, parameter
// and field.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

const id = process.env.METAADS_CONNECTION!;
const client = createClient<paths>({
  baseUrl: process.env.METAADS_URL!,
  headers: { authorization: `Bearer ${process.env.METAADS_API_KEY}` },
});

function data<T>(answer: { data?: T; error?: components['schemas']['Problem'] }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const connections = data(await client.GET('/api/v1/connections', { params: { query: { limit: 10 } } }));
const [connection] = connections.data;
assert.equal(connection?.id, id);
assert.equal(connection.status satisfies components['schemas']['ConnectionStatusName'], 'active');

const accounts = data(await client.GET('/api/v1/connections/{id}/ad-accounts', { params: { path: { id } } }));
const { account_id } = accounts.data[0]!;
const selected = data(
  await client.PATCH('/api/v1/connections/{id}/ad-accounts/{account_id}', {
    params: { path: { id, account_id } },
    body: { is_selected: true },
  }),
);
assert.equal(selected.is_selected, true);

const health = data(await client.GET('/api/v1/connections/{id}/health', { params: { path: { id } } }));
assert.equal(health.status, 'active');
assert.deepEqual(health.issues, []);

const token = data(
  await client.GET('/api/v1/connections/{id}/token', { params: { path: { id }, query: { min_valid_for: 7200 } } }),
);
assert.match(token.access_token, /^EAA/);

const unknown = await client.GET('/api/v1/connections/{id}', {
  params: { path: { id: '00000000-0000-7000-8000-000000000000' } },
});
assert.equal(unknown.error?.code, 'not_found');
console.log('done');
