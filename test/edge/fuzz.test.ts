// Chance against the edge: whatever comes in, what goes out is nothing, an answer or a problem; and the process lives.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { connectRaw, problemIn, type RawReply, requestBytes } from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const SEED = 360;

/** Sends bytes, says that this was all, and reads every reply. */
async function exchange(url: string, bytes: Buffer): Promise<readonly RawReply[]> {
  const connection = await connectRaw(url);
  connection.write(bytes);
  connection.finish();
  const replies: RawReply[] = [];
  for (;;) {
    const reply = await connection.reply();
    if (reply === undefined) return replies;
    replies.push(reply);
  }
}

function assertFit(reply: RawReply): void {
  assert.notEqual(reply.status, 500);
  if (reply.status >= 400) problemIn(reply);
}

async function assertAlive({ url, logs }: Service): Promise<void> {
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  assert.doesNotMatch(logs(), /internal-error/);
}

// No HEAD among them: its replies could not be told from those of others.
const fragment = fc.oneof(
  fc.constantFrom(
    'GET ',
    'POST ',
    'QUERY ',
    '/v1/customer',
    '/v1/summaries',
    '/livez',
    '?tenant=acme&email=a@b.example',
    '&include=summaries',
    ' HTTP/1.1',
    ' HTTP/1.0',
    '\r\n',
    '\r\n\r\n',
    'Host: a\r\n',
    'Content-Length: 2\r\n',
    'Content-Length: 5\r\n',
    'Content-Type: application/json\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: h2c\r\n',
    'Accept-Encoding: br;q=\r\n',
    'If-None-Match: *\r\n',
    '2\r\n{}\r\n0\r\n\r\n',
    '{}',
    '{"tenant":',
    '\0',
    '%',
    ':',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

test('bytes that are almost HTTP', { timeout: 30_000 }, async (t) => {
  const service = await startService(t);
  const authorization = `Authorization: Bearer ${service.keys.desk}\r\n`;
  const starts = ['GET /v1/customer HTTP/1.1\r\nHost: a\r\n', 'POST /v1/customer HTTP/1.1\r\n', ''];
  const requests = fc.tuple(
    fc.constantFrom(...starts, ...starts.map((start) => start + authorization)),
    fc.array(fragment, { maxLength: 10 }),
  );
  await fc.assert(
    fc.asyncProperty(requests, async ([start, fragments]) => {
      const bytes = Buffer.from(start + fragments.join(''));
      for (const reply of await exchange(service.url, bytes)) assertFit(reply);
    }),
    { seed: SEED, numRuns: 250 },
  );
  await assertAlive(service);
});

test('bytes of a good request, some of them changed', { timeout: 30_000 }, async (t) => {
  const service = await startService(t);
  const headers = {
    Authorization: `Bearer ${service.keys.desk}`,
    'Content-Type': 'application/json',
  };
  const body = '{"tenant":"acme","email":"a@b.example","fields":["id"],"last":"P1D"}';
  const good = requestBytes('POST', '/v1/customer', { headers, body });
  const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const bytes = Buffer.from(good);
      for (const [at, byte] of changes) bytes[at] = byte;
      for (const reply of await exchange(service.url, bytes)) assertFit(reply);
    }),
    { seed: SEED, numRuns: 250 },
  );
  await assertAlive(service);
});

const NAMES = [
  'tenant',
  'email',
  'phoneNumber',
  'contactId',
  'accountId',
  'customer',
  'crmId',
  'startTime',
  'endTime',
  'last',
  'include',
  'fields',
  'interactionId',
  'interactionIds',
];
const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, fc.string());
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('acme', 'a@b.example', '+14155550101', 'native', 'P1D', '2026-01-01T00:00:00Z'),
);

test('JSON of any shape', { timeout: 30_000 }, async (t) => {
  const service = await startService(t);
  const value = fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.jsonValue({ maxDepth: 2 }));
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(name, value, { maxKeys: 5 }),
      fc.constantFrom('/v1/customer', '/v1/summaries'),
      fc.constantFrom('POST', 'QUERY'),
      async (object, path, method) => {
        const body = JSON.stringify({ tenant: 'acme', ...object });
        const reply = await service.post(path, body, { method });
        assert.ok(reply.status === 200 || reply.status === 400 || reply.status === 403);
        await reply.arrayBuffer();
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
  await assertAlive(service);
});

test('query strings of any content', { timeout: 30_000 }, async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const connection = await connectRaw(service.url);
  const escaped = fc
    .uint8Array({ maxLength: 12 })
    .map((bytes) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  const raw = fc.stringMatching(/^[!$-~]{0,12}$/);
  const wellFormed = text.map((value) => encodeURIComponent(value.toWellFormed()));
  const pair = fc.tuple(fc.constantFrom(...NAMES), fc.oneof(escaped, raw, wellFormed));
  await fc.assert(
    fc.asyncProperty(
      fc.array(pair, { maxLength: 5 }),
      fc.constantFrom('/v1/customer', '/v1/summaries'),
      async (pairs, path) => {
        const query = pairs.map((parts) => parts.join('=')).join('&');
        connection.write(requestBytes('GET', `${path}?tenant=acme&${query}`, { headers }));
        const reply = await connection.reply();
        assert.ok(reply && [200, 400, 403].includes(reply.status));
        if (reply.status !== 200) problemIn(reply);
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
  connection.leave();
  await assertAlive(service);
});
