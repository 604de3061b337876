// Outgoing webhooks of the service, verified with the library of the Standard Webhooks specification.
'use strict';

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const http = require('node:http');
const { after, before, test } = require('node:test');
const { Webhook } = require('standardwebhooks');

const SERVICE = process.env.METAADS_URL;
let cookie = '';
let server;
let url = '';
const received = [];

async function api(method, path, body) {
  const headers = { cookie, 'content-type': 'application/json' };
  const answer = await fetch(`${SERVICE}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  return JSON.parse(text);
}

async function sentTest(endpoint) {
  const delivery = await api('POST', `/webhook-endpoints/${endpoint.id}/test`);
  assert.equal(delivery.status, 'delivered', JSON.stringify(delivery));
  return received.pop();
}

before(async () => {
  server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ headers: request.headers, body });
    response.writeHead(204).end();
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${server.address().port}/webhooks`;
  const fields = new URLSearchParams({ email: `${randomUUID()}@example.com`, password: 'three odd words here' });
  const registered = await fetch(`${SERVICE}/register`, { method: 'POST', body: fields, redirect: 'manual' });
  assert.equal(registered.status, 303);
  cookie = registered.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ');
});

after(() => server.close());

test('the library accepts what the service sends', async () => {
  const endpoint = await api('POST', '/webhook-endpoints', { url });
  const { headers, body } = await sentTest(endpoint);
  const payload = new Webhook(endpoint.secret).verify(body, headers);
  assert.deepEqual(payload, JSON.parse(body));
  assert.equal(payload.type, 'webhook.test');
});

test('the library refuses what was changed or signed with another secret', async () => {
  const endpoint = await api('POST', '/webhook-endpoints', { url });
  const other = await api('POST', '/webhook-endpoints', { url });
  const { headers, body } = await sentTest(endpoint);
  assert.throws(() => new Webhook(endpoint.secret).verify(body.replace('test', 'best'), headers));
  assert.throws(() => new Webhook(other.secret).verify(body, headers));
});

test('after a rotation the library accepts both secrets', async () => {
  const endpoint = await api('POST', '/webhook-endpoints', { url });
  const rotated = await api('POST', `/webhook-endpoints/${endpoint.id}/rotate-secret`);
  const { headers, body } = await sentTest(endpoint);
  for (const secret of [endpoint.secret, rotated.secret]) new Webhook(secret).verify(body, headers);
});
