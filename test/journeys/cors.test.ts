// CORS: preflights and 401s are judged by the origins of all apps, everything else by the caller's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RawReply, sendRaw } from '../support/raw-http.ts';
import { startService } from '../support/service.ts';

const DESK = 'https://desk.example.com';
const OTHER = 'https://other.example.com';
const STRANGERS = [
  'https://stranger.example.com',
  'http://desk.example.com',
  'https://desk.example.com:8443',
  'https://desk.example.com/',
  'https://desk.example.com.stranger.example',
  'https://xdesk.example.com',
  'HTTPS://DESK.EXAMPLE.COM',
  'null',
  '*',
  '',
  `${DESK}, ${OTHER}`,
];
const PATH = '/v1/customer?tenant=acme&email=a@b.example';
const METHODS = 'GET, HEAD, POST, QUERY, OPTIONS';
const REQUEST_HEADERS =
  'Authorization, X-App-Key, Content-Type, If-None-Match, Cache-Control, X-Request-Id';
const EXPOSED = 'ETag, Age, Cache-Status, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id';

/** The CORS headers of a reply, by what follows `Access-Control-`. */
function corsOf({ headers }: RawReply): Readonly<Record<string, string>> {
  const prefix = 'access-control-';
  return Object.fromEntries(
    [...headers]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

const exposing = (origin: string) => ({ 'allow-origin': origin, 'expose-headers': EXPOSED });

test('a preflight is answered for every app’s origin, and says nothing to others', async (t) => {
  const { url } = await startService(t);
  const preflight = (path: string, origin: string) =>
    sendRaw(url, ['OPTIONS', path], {
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'QUERY',
        'Access-Control-Request-Headers': 'authorization, x-anything',
      },
    });
  const paths = {
    '/v1/customer': METHODS,
    '/v1/summaries': METHODS,
    '/v1/customers': 'POST, OPTIONS',
  };
  for (const [path, methods] of Object.entries(paths)) {
    for (const origin of [DESK, OTHER]) {
      const reply = await preflight(path, origin);
      assert.equal(reply.status, 204);
      assert.equal(reply.body.length, 0);
      assert.equal(reply.headers.get('allow'), methods);
      assert.deepEqual(corsOf(reply), {
        'allow-origin': origin,
        'allow-methods': methods,
        'allow-headers': REQUEST_HEADERS,
        'max-age': '600',
      });
    }
    for (const origin of STRANGERS) {
      const reply = await preflight(path, origin);
      assert.equal(reply.status, 204, origin);
      assert.deepEqual(corsOf(reply), {}, origin);
    }
  }
});

test('a 401 is judged by the origins of all apps', async (t) => {
  const { url } = await startService(t);
  for (const origin of [DESK, OTHER]) {
    const reply = await sendRaw(url, ['GET', PATH], { headers: { Origin: origin } });
    assert.equal(reply.status, 401);
    assert.deepEqual(corsOf(reply), exposing(origin));
  }
  for (const origin of STRANGERS) {
    const reply = await sendRaw(url, ['GET', PATH], { headers: { Origin: origin } });
    assert.equal(reply.status, 401, origin);
    assert.deepEqual(corsOf(reply), {}, origin);
  }
});

test('every other reply is judged by the caller’s own origins', async (t) => {
  const { url, keys } = await startService(t, { desk: { quota: { requests: 30, per: '1m' } } });
  const known = await sendRaw(url, ['GET', PATH], {
    headers: { Authorization: `Bearer ${keys.other}` },
  });
  const tag = { 'If-None-Match': known.headers.get('etag') ?? '' };
  const ask = (path: string, headers: Readonly<Record<string, string>>) =>
    sendRaw(url, ['GET', path], {
      headers: { Authorization: `Bearer ${keys.desk}`, ...headers },
    });
  const rows: readonly (readonly [number, string, Readonly<Record<string, string>>])[] = [
    [200, PATH, {}],
    [304, PATH, tag],
    [400, '/v1/customer', {}],
    [403, '/v1/customer?tenant=nobody', {}],
  ];
  for (const [status, path, headers] of rows) {
    const own = await ask(path, { ...headers, Origin: DESK });
    assert.equal(own.status, status);
    assert.deepEqual(corsOf(own), exposing(DESK), path);
    for (const origin of [OTHER, 'https://stranger.example.com', 'null']) {
      const reply = await ask(path, { ...headers, Origin: origin });
      assert.equal(reply.status, status, `${origin} ${path}`);
      assert.deepEqual(corsOf(reply), {}, `${origin} ${path}`);
    }
  }
  const without = await ask(PATH, {});
  assert.deepEqual(corsOf(without), {});
});

test('a 429 can be read by the caller’s own origins', async (t) => {
  const { url, keys } = await startService(t, { desk: { quota: { requests: 1, per: '1m' } } });
  const ask = (origin: string) =>
    sendRaw(url, ['GET', PATH], {
      headers: { Authorization: `Bearer ${keys.desk}`, Origin: origin },
    });
  assert.equal((await ask(DESK)).status, 200);
  const own = await ask(DESK);
  assert.equal(own.status, 429);
  assert.deepEqual(corsOf(own), exposing(DESK));
  assert.deepEqual(corsOf(await ask(OTHER)), {});
});

test('an app without origins is for no browser', async (t) => {
  const { url, keys } = await startService(t);
  for (const origin of [DESK, OTHER, ...STRANGERS]) {
    const reply = await sendRaw(url, ['GET', '/v1/customer?email=a@b.example'], {
      headers: { Authorization: `Bearer ${keys.mobile}`, Origin: origin },
    });
    assert.equal(reply.status, 200);
    assert.deepEqual(corsOf(reply), {}, origin);
  }
});

test('a reply to nobody in particular has no CORS headers', async (t) => {
  const { url } = await startService(t);
  for (const path of ['/livez', '/openapi.json', '/problems', '/nowhere', '/%zz']) {
    const reply = await sendRaw(url, ['GET', path], { headers: { Origin: DESK } });
    assert.deepEqual(corsOf(reply), {}, path);
  }
  const options = await sendRaw(url, ['OPTIONS', '/v1/customer'], { headers: { Origin: DESK } });
  assert.equal(options.status, 204);
  assert.deepEqual(corsOf(options), {});
});
