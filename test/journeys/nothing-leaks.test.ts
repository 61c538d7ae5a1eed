// No email, phone number, id, summary or credential leaves the process but in the answers themselves:
// every kind of request and failure with marked values, then a search of everything that left.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { FAULTS, type FaultKind } from '../../src/sandbox/faults.ts';
import type { Population } from '../../src/sandbox/population.ts';
import { findMarks, type Marks } from '../support/marks.ts';
import { startProcess } from '../support/process.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { recordCommands, redisContents } from '../support/redis-contents.ts';
import { type Service, startService } from '../support/service.ts';

const PASSWORD = 'marked-Redis-passw0rd';
const CACHE_SECRET = Buffer.from('marked-cache-secret-0123456789abcdef').toString('base64url');

const CUSTOMER = {
  email: 'Zaphod.Quibblesnort+vip@marked-domain.example',
  phone: '+16285550174',
  contactId: 'contact/Frobnicate:7731',
  accountId: 'account Wuzzleworth,5520',
  interactionId: 'int-Mxyzptlk-0001',
  otherInteractionId: 'int-Mxyzptlk-0002',
  summaryText: 'Grimblewick Retentions Desk',
  emailSubject: 'Snollygoster invoice overdue',
};

const SECRETS = {
  vendorKey: 'eght_marked-Vendork3y-Pq8Zr5',
  tenantId: 'mrkdtenant0457712',
  redisPassword: PASSWORD,
  cacheSecret: CACHE_SECRET,
};

/** Everything that left a service, apart from answers: what may hold no mark at all. */
interface Departed {
  add(origin: string, text: string | Buffer): void;
  /** Answers may hold the customer's data, but never a secret. */
  addAnswer(origin: string, text: string): void;
  finds(secrets: Marks): readonly string[];
  /** What kinds of things were added, so that a test can tell that there was something to search. */
  origins(): ReadonlySet<string>;
}

function createDeparted(): Departed {
  const held: {
    readonly origin: string;
    readonly text: string | Buffer;
    readonly isAnswer: boolean;
  }[] = [];
  return {
    add: (origin, text) => void held.push({ origin, text, isAnswer: false }),
    addAnswer: (origin, text) => void held.push({ origin, text, isAnswer: true }),
    finds: (secrets) =>
      held.flatMap(({ origin, text, isAnswer }) =>
        findMarks(text, isAnswer ? secrets : { ...secrets, ...CUSTOMER }).map(
          (found) => `${origin}: ${found}: ${text.toString().slice(0, 300)}`,
        ),
      ),
    origins: () => new Set(held.map(({ origin }) => origin)),
  };
}

function markedPopulation(): Population {
  const startedAt = Date.now() - 86_400_000;
  const interaction = (interactionId: string) => ({
    interactionId,
    contactId: CUSTOMER.contactId,
    mediaIdentifier: CUSTOMER.email,
    mediaType: 'EMAIL' as const,
    direction: 'INBOUND' as const,
    productType: 'CC' as const,
    startedAt,
    endedAt: startedAt + 60_000,
    wrapUpCodes: [],
    queueName: CUSTOMER.summaryText,
    interactionLabels: [],
    title: null,
    emailSubject: CUSTOMER.emailSubject,
    departmentName: null,
    signals: [],
  });
  const customer = {
    email: [CUSTOMER.email],
    phoneNumber: [CUSTOMER.phone],
    contactId: [CUSTOMER.contactId],
    accountId: [CUSTOMER.accountId],
    interactions: [CUSTOMER.interactionId, CUSTOMER.otherInteractionId].map(interaction),
  };
  const { vendorKey, tenantId } = SECRETS;
  const tenant = { tenantId, region: 'us' as const, speechAnalytics: true, customers: [customer] };
  return [{ name: 'marked', keys: [vendorKey], tenants: [tenant] }];
}

/** A service whose every part knows a mark, and a clock that can be broken with one. */
async function startMarked(t: Parameters<typeof startService>[0], redis: RedisServer) {
  let error: Error | null = null;
  let laterMs = 0;
  const service = await startService(t, {
    env: {
      REDIS_URL: redis.url.replace('//', `//:${PASSWORD}@`),
      CACHE_SECRET,
      ACME_KEY: SECRETS.vendorKey,
    },
    tenants: { acme: { tenantId: SECRETS.tenantId } },
    sandbox: { population: markedPopulation() },
    sections: { upstream: { deadline: '250ms', attemptTimeout: '10s', maxResponse: '64KiB' } },
    now: () => {
      if (error !== null) throw error;
      return Date.now() + laterMs;
    },
  });
  const breakClock = (broken: Error | null) => {
    error = broken;
  };
  /** Whatever is held back after a failure may be asked again. */
  const passHour = () => {
    laterMs += 3_600_000;
  };
  return { service, breakClock, passHour };
}

type Ask = readonly [path: string, init?: RequestInit];

const escaped = encodeURIComponent;
const SEARCHES: Readonly<Record<string, string>> = {
  email: CUSTOMER.email,
  phoneNumber: '(628) 555-0174',
  contactId: CUSTOMER.contactId,
  accountId: CUSTOMER.accountId,
};

/** Every kind of request that is answered. */
function goodRequests(): readonly Ask[] {
  const json = { 'content-type': 'application/json' };
  const tenant = 'acme';
  const searches = Object.entries(SEARCHES).flatMap(([name, value]): readonly Ask[] => {
    const query = `/v1/customer?tenant=acme&${name}=${escaped(value)}`;
    const body = JSON.stringify({ tenant, [name]: value, include: ['summaries'] });
    return [
      [query],
      [query, { method: 'HEAD' }],
      [`${query}&include=summaries&fields=id,address,emailSubject`],
      [query, { headers: { 'cache-control': 'no-cache' } }],
      [query, { headers: { 'if-none-match': '*', 'cache-control': 'max-age=0' } }],
      [query, { headers: { 'accept-encoding': 'gzip', origin: 'https://desk.example.com' } }],
      ['/v1/customer', { method: 'POST', headers: json, body }],
      ['/v1/customer', { method: 'QUERY', headers: json, body }],
    ];
  });
  const ids = [CUSTOMER.interactionId, CUSTOMER.otherInteractionId];
  const query = ids.map((id) => `interactionId=${escaped(id)}`).join('&');
  const body = JSON.stringify({ tenant, interactionIds: ids });
  const customers = Object.entries(SEARCHES).map(([name, value]) => ({ [name]: value }));
  const batch = JSON.stringify({ tenant, customers });
  return [
    ...searches,
    [`/v1/summaries?tenant=acme&${query}`],
    ['/v1/summaries', { method: 'POST', headers: json, body }],
    ['/v1/summaries', { method: 'QUERY', headers: json, body }],
    ['/v1/customers', { method: 'POST', headers: json, body: batch }],
    [`/v1/customer?tenant=acme&customer=${escaped(`contact:${CUSTOMER.contactId}`)}&last=P30D`],
  ];
}

/** Every kind of request that is refused, with marks wherever a request can hold one. */
function badRequests(appKey: string): readonly Ask[] {
  const { email, phone, contactId, interactionId } = CUSTOMER;
  const json = { 'content-type': 'application/json' };
  const all = escaped(`${email} ${phone} ${contactId} ${appKey}`);
  const get = (query: string): Ask => [`/v1/customer?tenant=acme&${query}`];
  const post = (body: unknown): Ask => [
    '/v1/customer',
    { method: 'POST', headers: json, body: typeof body === 'string' ? body : JSON.stringify(body) },
  ];
  const withHeaders = (headers: Record<string, string>): Ask => [
    `/v1/customer?tenant=acme&email=${escaped(email)}`,
    { headers },
  ];
  return [
    // Every code of a single fault.
    get(''),
    get(`email=${escaped(email)}&phoneNumber=${escaped(phone)}`),
    get(`email=${escaped(email)}&crmId=${escaped(contactId)}`),
    get(`contactId=${escaped(contactId)}&crmId=${escaped(email)}`),
    get(`email=${all}`),
    get(`email=${escaped(email)}%FF`),
    get(`phoneNumber=${escaped(phone)}${all}`),
    ['/v1/customer?tenant=globex&phoneNumber=6285550174x'],
    get(`contactId=${'a'.repeat(257)}${all}`),
    get(`customer=${escaped(contactId)}`),
    get(`email=${escaped(email)}&startTime=${escaped(email)}&endTime=${escaped(phone)}`),
    get(`email=${escaped(email)}&startTime=2024-01-01T00:00:00`),
    get(`email=${escaped(email)}&startTime=2024-01-02T00:00:00Z&endTime=2024-01-01T00:00:00Z`),
    get(`email=${escaped(email)}&startTime=2099-01-02T00:00:00Z`),
    get(`email=${escaped(email)}&last=${escaped(email)}`),
    get(`email=${escaped(email)}&last=P1D&endTime=2024-01-01T00:00:00Z`),
    [`/v1/customer?email=${escaped(email)}`],
    [`/v1/customer?tenant=${escaped(email)}`],
    [`/v1/customer?tenant=%FF${all}`],
    get(`${all}=${all}`),
    get(`${contactId}=1&${appKey}=1&email=${escaped(email)}`),
    get(`api_key=${appKey}&x-app-key=${appKey}&authorization=${appKey}`),
    get(`email=${escaped(email)}&email=${escaped(email)}`),
    get(`email=${escaped(email)}&include=${all}&fields=${all}`),
    get(`email=${escaped(email)}&history=${all}&limit=${all}&cursor=${all}`),
    [`/v1/summaries?tenant=acme&interactionIds=${interactionId}`],
    ['/v1/summaries?tenant=acme'],
    [
      `/v1/customer?tenant=acme&email=${escaped(email)}`,
      { method: 'POST', headers: json, body: '{}' },
    ],
    post({ tenant: 'acme', email: [email], phoneNumber: null, contactId: 5, [email]: phone }),
    post({ tenant: [email] }),
    post([email]),
    post(`{"tenant":"acme","email":"${email}","email":"${email}"}`),
    post(`{"__proto__":{"email":"${email}"},"${appKey}":1}`),
    post(`{"email":"${email}", ${appKey}`),
    post({ email: email.repeat(2_000) }),
    [
      '/v1/customer',
      { method: 'POST', headers: { 'content-type': `text/${contactId}` }, body: email },
    ],
    ['/v1/customer', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: email }],
    // Credentials that are none, and good ones in the wrong place.
    withHeaders({ authorization: '' }),
    withHeaders({ authorization: `Basic ${Buffer.from(appKey).toString('base64')}` }),
    withHeaders({ authorization: `Bearer ${appKey}x` }),
    withHeaders({ authorization: `Bearer ${email}` }),
    withHeaders({ 'x-app-key': appKey }),
    withHeaders({
      cookie: `key=${appKey}`,
      referer: `https://x.example/?${all}`,
      'user-agent': all,
    }),
    withHeaders({
      origin: `https://${appKey}.example`,
      'accept-encoding': all,
      'if-none-match': all,
    }),
    withHeaders({
      'x-request-id': `${appKey}/${email}`,
      'x-forwarded-for': email,
      traceparent: all,
    }),
    // Paths and methods that there are not.
    [`/${all}`],
    [`/v1/customer/${escaped(email)}`],
    [`/v1/${escaped(phone)}?${all}`],
    [`/problems/${escaped(contactId)}`],
    [`/docs/${all}`],
    [`/docs/static/${all}`],
    [`/problems/${all}%zz`],
    [`/${'x'.repeat(300)}${all}`],
    [`/v1/customer?email=${all}`, { method: 'DELETE' }],
    [`/v1/customer?email=${all}`, { method: 'PROPFIND' }],
    [`/v1/customer?email=${all}`, { method: 'OPTIONS' }],
    [`/livez?${all}`],
    [`/readyz?${all}`, { method: 'POST', body: email }],
    [`/openapi.json?${all}`],
  ];
}

/** What `fetch` would never send. */
function rawRequests(appKey: string): readonly string[] {
  const { email, phone } = CUSTOMER;
  const host = 'Host: localhost\r\n';
  const auth = `Authorization: Bearer ${appKey}\r\n`;
  return [
    `${email} ${appKey}\r\n\r\n`,
    `GET /v1/customer?email=${email} HTTP/9.9\r\n${host}${auth}\r\n`,
    `GET /v1/customer?email=${email} HTTP/1.1\r\n${host}X-App Key: ${appKey}\r\n\r\n`,
    `GET /v1/customer?email=${email} HTTP/1.1\r\n${host}X-Note: ${phone}\u0000\r\n\r\n`,
    `GET /v1/customer?email=${email} HTTP/1.1\r\n${auth}\r\n`,
    `GET http://${email}/v1/${appKey} HTTP/1.1\r\n${host}${auth}Connection: close\r\n\r\n`,
    `${email.slice(0, 6).toUpperCase()} /${appKey} HTTP/1.1\r\n${host}\r\n`,
    `GET /v1/customer?email=${email.repeat(500)} HTTP/1.1\r\n${host}${auth}\r\n`,
    `POST /v1/customer HTTP/1.1\r\n${host}${auth}Content-Length: ${email}\r\n\r\n`,
    `POST /v1/customer HTTP/1.1\r\n${host}${auth}Transfer-Encoding: chunked\r\n\r\n${phone}\r\n`,
    `GET / HTTP/1.1\r\n${host}Expect: ${email}\r\nConnection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}Upgrade: ${appKey}\r\nConnection: upgrade\r\n\r\n`,
    `CONNECT ${appKey}:443 HTTP/1.1\r\n${host}\r\n`,
  ];
}

/** Sends requests one after the other, and keeps what came back. */
async function run(service: Service, requests: readonly Ask[], departed: Departed): Promise<void> {
  for (const [path, init = {}] of requests) {
    const reply = await service.ask(path, init);
    const body = await reply.text();
    const isAnswer = reply.status === 200 && path.startsWith('/v1/');
    departed.add('reply headers', `${reply.status} ${JSON.stringify([...reply.headers])}`);
    if (isAnswer) departed.addAnswer('answer', body);
    else departed.add(reply.status < 400 ? 'other body' : 'problem', body);
  }
}

async function sendRaw(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  socket.on('error', () => undefined);
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(parts).toString();
}

/** Probes, metrics and logs as they are now. */
async function addSigns({ url, opsUrl, logs }: Service, departed: Departed): Promise<void> {
  for (const address of [`${opsUrl}/metrics`, `${opsUrl}/readyz`, `${url}/readyz`]) {
    departed.add('metrics and probes', await (await fetch(address)).text());
  }
  departed.add('logs', logs());
}

const messages = [
  `Cannot serve ${CUSTOMER.email}`,
  `${SECRETS.vendorKey}\n    at ${CUSTOMER.email} (${CUSTOMER.phone}:1:1)`,
  JSON.stringify(CUSTOMER),
];

function markedErrors(): readonly Error[] {
  const causes = messages.map((message) => new Error('outer', { cause: new Error(message) }));
  const plain = messages.map((message) => new TypeError(message));
  const coded = Object.assign(new Error(messages[0]), {
    statusCode: 400,
    code: CUSTOMER.email,
    headers: { 'x-leak': CUSTOMER.phone },
    expose: true,
  });
  return [...plain, ...causes, coded, new AggregateError(plain, messages[0])];
}

test('marked values are found nowhere but in answers, and keys not even there', async (t) => {
  const redis = await startRedis({ args: ['--requirepass', PASSWORD] });
  t.after(redis.stop);
  const commands = await recordCommands(redis.port, PASSWORD);
  const { service, breakClock, passHour } = await startMarked(t, redis);
  const { desk, mobile, other } = service.keys;
  const secrets = { ...SECRETS, appKey: desk, otherAppKey: other, mobileAppKey: mobile };
  const departed = createDeparted();

  await run(service, goodRequests(), departed);
  await run(service, badRequests(desk), departed);
  for (const bytes of rawRequests(desk)) {
    for (const url of [service.url, service.opsUrl]) {
      departed.add('raw reply', await sendRaw(url, bytes));
    }
  }
  const uncached = goodRequests().slice(0, 3);
  for (const [index, kind] of (Object.keys(FAULTS) as FaultKind[]).entries()) {
    // A range of its own for each, since a refusal is remembered.
    const search = `${uncached[0]?.[0]}&last=P${index + 1}D`;
    const summaries = `/v1/summaries?tenant=acme&interactionId=${CUSTOMER.interactionId}${index}`;
    const fault = { kind, byteIntervalMs: 1_000 };
    service.sandbox.faults.set(fault);
    for (const path of [search, summaries]) {
      await run(service, [[path]], departed);
      passHour();
    }
    service.sandbox.faults.set(null);
    service.sandbox.faults.set(fault, { endpoint: 'summaries' });
    await run(service, [[`${search}&include=summaries`]], departed);
    service.sandbox.faults.set(null);
    passHour();
  }
  for (const error of markedErrors()) {
    breakClock(error);
    await run(service, uncached, departed);
    breakClock(null);
  }
  departed.add('Redis', await redisContents(redis.url.replace('//', `//:${PASSWORD}@`)));
  departed.add('commands to Redis', commands.stop());

  await redis.stop();
  await run(service, goodRequests(), departed);
  await addSigns(service, departed);

  assert.deepEqual(departed.finds(secrets), []);
  assert.deepEqual(
    departed.origins(),
    new Set([
      'reply headers',
      'answer',
      'problem',
      'other body',
      'raw reply',
      'Redis',
      'commands to Redis',
      'metrics and probes',
      'logs',
    ]),
  );
  // The answers did hold the customer, so that there was something to leak.
  const answer = await (await service.ask(...(goodRequests()[2] ?? ['/']))).text();
  assert.ok(findMarks(answer, CUSTOMER).length >= 5, answer);
  const slugs = new Set(service.events.of('request').map(({ outcome }) => outcome));
  for (const slug of [
    ...['ok', 'miss', 'hit', 'refresh', 'malformed-request', 'invalid-request', 'unauthenticated'],
    ...['forbidden', 'not-found', 'method-not-allowed', 'headers-too-large', 'body-too-large'],
    ...['unsupported-media-type', 'internal-error', 'rejected-by-upstream', 'upstream-timeout'],
    ...['upstream-misconfigured', 'upstream-invalid', 'upstream-unavailable', 'upstream-throttled'],
  ]) {
    assert.ok(slugs.has(slug), `${slug} did not happen: ${[...slugs]}`);
  }
});

test('the search finds a value that is planted in any of these places', async (t) => {
  const redis = await startRedis({ args: ['--requirepass', PASSWORD] });
  t.after(redis.stop);
  const commands = await recordCommands(redis.port, PASSWORD);
  const { service } = await startMarked(t, redis);
  await service.ask(`/v1/customer?tenant=acme&email=${escaped(CUSTOMER.email)}`);
  const url = redis.url.replace('//', `//:${PASSWORD}@`);
  const client = new Redis(url);
  await client.hset('c360:1:{planted}', 'field', CUSTOMER.email);
  await client.zadd('c360:1:{planted}:range', 1, Buffer.from(CUSTOMER.phone).toString('hex'));
  await client.set(`c360:quota:{${escaped(CUSTOMER.contactId)}}`, 1);
  client.disconnect();

  const found = findMarks(await redisContents(url), CUSTOMER);
  assert.deepEqual(
    found.map((each) => each.split(' ')[0]),
    ['email', 'phone', 'contactId'],
  );
  assert.match(findMarks(commands.stop(), CUSTOMER).join(), /^email .*,phone .*,contactId /);
});

test('what a process writes, and the end of one that fails, hold nothing either', async (t) => {
  const redis = await startRedis({ args: ['--requirepass', PASSWORD] });
  t.after(redis.stop);
  const { service } = await startMarked(t, redis);
  const hash = createHash('sha256').update(service.keys.desk).digest('hex');
  const message = JSON.stringify(messages.join());
  const started = await startProcess(t, {
    env: {
      PORT: '0',
      OPS_PORT: '0',
      LOG_LEVEL: 'trace',
      REDIS_URL: redis.url.replace('//', `//:${PASSWORD}@`),
      CACHE_SECRET,
      MARKED_KEY: SECRETS.vendorKey,
    },
    files: {
      'config.yaml': JSON.stringify({
        regions: service.sandbox.baseUrls,
        tenants: {
          acme: {
            tenantId: SECRETS.tenantId,
            region: 'us',
            apiKeys: [{ env: 'MARKED_KEY' }],
            defaultCountry: 'US',
          },
        },
        apps: {
          desk: {
            keys: [`sha256:${hash}`],
            tenants: '*',
            scopes: ['read', 'summaries', 'refresh'],
            quota: { requests: 10_000, per: '1m' },
          },
        },
      }),
    },
    prelude: `process.once('SIGWINCH', () => Promise.reject(new Error(${message})));`,
  });
  const [, url = ''] = await started.until(/"api":"([^"]+)".*"msg":"listening"/);
  const departed = createDeparted();
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(url + path, {
      ...init,
      headers: { authorization: `Bearer ${service.keys.desk}`, ...(init.headers as object) },
    });
  const remote = { ...service, url, ask };
  await run(remote, goodRequests(), departed);
  await run(remote, badRequests(service.keys.desk), departed);
  for (const bytes of rawRequests(service.keys.desk)) await sendRaw(url, bytes);
  await redis.stop();
  await run(remote, goodRequests(), departed);
  started.child.kill('SIGWINCH');
  assert.deepEqual(await started.ended, [1, null]);

  departed.add('standard output', started.output());
  departed.add('standard error', started.errors());
  assert.deepEqual(departed.finds({ ...SECRETS, appKey: service.keys.desk }), []);
  assert.match(started.output().slice(-2000), /"event":"internal-error"/);
  assert.match(started.output(), /"event":"redis-state","state":"lost"/);
});
