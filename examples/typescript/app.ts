// Lists the campaigns of a connected account, and says who has to act where that is not possible.
import http from 'node:http';
import sdk from 'facebook-nodejs-business-sdk';
import { Webhook } from 'standardwebhooks';

const URL = process.env.METAADS_URL ?? 'http://localhost:3000';
const PORT = Number(process.env.PORT ?? 8000);
const CONNECTION = required('METAADS_CONNECTION');
// One key for the JSON API. The other one is bound to the connection, because Meta's SDK sends no header of ours.
const KEY = required('METAADS_API_KEY');
const GRAPH_KEY = required('METAADS_GRAPH_KEY');
const EVENTS = [
  'connection.revoked',
  'connection.needs_reauthorization',
  'connection.reconnected',
  'connection.recovered',
];

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

// The parts of the OpenAPI document that this app uses.
interface Issue {
  code: string;
  who: 'caller' | 'person' | 'meta' | 'operator' | 'nobody';
  remedy: string;
  url: string;
}
interface AdAccount {
  account_id: string;
}
interface List<T> {
  data: T[];
  next_cursor: string | null;
}
interface Event {
  type: string;
  timestamp: string;
  data: { connection_id: string; name: string | null; status_reason: string | null };
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${URL}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** All rows of a list, page by page. */
async function list<T>(path: string, query: Record<string, string>): Promise<T[]> {
  const rows: T[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: List<T> = await call('GET', `${path}?${new URLSearchParams(cursor ? { ...query, cursor } : query)}`);
    rows.push(...page.data);
    cursor = page.next_cursor;
  }
  return rows;
}

// The one change to Meta's SDK: its calls go to the proxy of MetaAds.
Object.defineProperty(sdk.FacebookAdsApi, 'GRAPH', { get: () => `${URL}/graph` });
const api = sdk.FacebookAdsApi.init(GRAPH_KEY, 'en_US', false);

/** The campaigns of the selected ad accounts, or why there are none and who has to act. */
async function campaigns(): Promise<unknown> {
  const accounts = await list<AdAccount>(`/connections/${CONNECTION}/ad-accounts`, { selected: 'true' });
  const found: unknown[] = [];
  try {
    for (const { account_id } of accounts) {
      const account = new sdk.AdAccount(`act_${account_id}`, {}, undefined, api);
      const rows = await account.getCampaigns(['name', 'status'], { limit: 100 });
      for (;;) {
        found.push(...rows.map((row) => row._data));
        if (!rows.hasNext()) break;
        await rows.next();
      }
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'FacebookRequestError') throw error;
    const { issues } = await call<{ issues: Issue[] }>('GET', `/connections/${CONNECTION}/health`);
    const { status } = error as Error & { status?: number };
    return { error: { status, message: error.message }, issues };
  }
  return { campaigns: found };
}

const events = new Map<string, Event>();

/** `GET /campaigns`, `GET /events` for a look, and `POST /webhooks`, which MetaAds calls. */
async function respond(request: http.IncomingMessage, webhook: Webhook): Promise<[number, unknown]> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /campaigns':
      return [200, await campaigns()];
    case 'GET /events':
      return [200, [...events.values()]];
    case 'POST /webhooks': {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      let event: Event;
      try {
        const headers = request.headers as Record<string, string>;
        event = webhook.verify(Buffer.concat(chunks).toString(), headers) as Event;
      } catch {
        return [401, { error: 'the signature is wrong' }];
      }
      // An event may arrive twice, under the same id.
      events.set(String(request.headers['webhook-id']), event);
      console.log(`${event.type}: ${event.data.name}`);
      return [200, { received: true }];
    }
    default:
      return [404, { error: 'not found' }];
  }
}

const server = http.createServer();
await new Promise<void>((listening) => server.listen(PORT, '127.0.0.1', listening));
const { port } = server.address() as { port: number };
// The secret is shown only now. An app that keeps it would do this once, not at every start.
const url = `http://127.0.0.1:${port}/webhooks`;
const endpoint = await call<{ id: string; secret: string }>('POST', '/webhook-endpoints', { url, events: EVENTS });
const webhook = new Webhook(endpoint.secret);

server.on('request', async (request, response) => {
  const failed = (error: unknown): [number, unknown] => [500, { error: String(error) }];
  const [status, body] = await respond(request, webhook).catch(failed);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await call('DELETE', `/webhook-endpoints/${endpoint.id}`);
    process.exit(0);
  });
}
console.log(`http://127.0.0.1:${port}/campaigns`);
