// Conditional requests: an answer that the caller has already is a 304, for the very bytes that it has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import {
  connectRaw,
  type RawReply,
  requestBytes,
  sendBytes,
  sendRaw,
} from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const PATH = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;
const BODY = JSON.stringify({ tenant: 'acme', contactId: CUSTOMERS.ada.contactId });

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A request as the app `desk`, in one of the ways to ask for one customer. */
function bytesOf({ keys }: Service, method: string, more: Headers = {}): Buffer {
  const headers = { Authorization: `Bearer ${keys.desk}`, ...more };
  if (method === 'GET' || method === 'HEAD') return requestBytes(method, PATH, { headers });
  const all = { 'Content-Type': 'application/json', ...headers };
  return requestBytes(method, '/v1/customer', { headers: all, body: BODY });
}

async function ask(service: Service, method: string, more?: Headers): Promise<RawReply> {
  const reply = await sendBytes(service.url, bytesOf(service, method, more), method);
  assert.ok(reply);
  return reply;
}

async function tagOf(service: Service, method = 'GET', headers: Headers = {}): Promise<string> {
  return (await ask(service, method, headers)).headers.get('etag') ?? '';
}

test('the tag is strong and the same over GET, HEAD, POST and QUERY', async (t) => {
  const service = await startService(t);
  const tag = await tagOf(service);
  assert.match(tag, /^"[A-Za-z0-9_-]{27}"$/);
  for (const method of ['HEAD', 'POST', 'QUERY']) assert.equal(await tagOf(service, method), tag);
});

test('GET, HEAD and QUERY say 304 to a tag in any form; POST ignores it', async (t) => {
  const service = await startService(t);
  const tag = await tagOf(service);
  const forms: readonly (string | readonly string[])[] = [
    tag,
    `W/${tag}`,
    '*',
    ' * ',
    `"a", ${tag}`,
    `${tag},"a"`,
    `"a",W/"b",W/${tag} , "c"`,
    `"with, comma", ${tag}`,
    ['"a"', tag],
  ];
  for (const form of forms) {
    for (const method of ['GET', 'HEAD', 'QUERY']) {
      const { status } = await ask(service, method, { 'If-None-Match': form });
      assert.equal(status, 304, `${method} ${form}`);
    }
    const { status } = await ask(service, 'POST', { 'If-None-Match': form });
    assert.equal(status, 200, `POST ${form}`);
  }
  for (const other of ['"a"', 'W/"a"', '"a", "b"']) {
    const { status } = await ask(service, 'GET', { 'If-None-Match': other });
    assert.equal(status, 200, other);
  }
});

test('a 304 has the headers of the 200 and no content', async (t) => {
  const service = await startService(t);
  await tagOf(service);
  const ways = ['GET', 'HEAD', 'QUERY'].flatMap((method) =>
    ['identity', 'br'].map((coding) => [method, coding] as const),
  );
  for (const [method, coding] of ways) {
    const full = await ask(service, method, { 'Accept-Encoding': coding });
    const tag = full.headers.get('etag') ?? '';
    const connection = await connectRaw(service.url);
    const headers = { 'Accept-Encoding': coding, 'If-None-Match': tag };
    connection.write(bytesOf(service, method, headers));
    connection.finish();
    const unchanged = await connection.reply(method);
    assert.equal(unchanged?.status, 304);
    assertBare(unchanged, full);
    // Not a byte more on the connection.
    assert.equal(await connection.reply(), undefined);
  }
});

function assertBare(unchanged: RawReply, full: RawReply): void {
  for (const name of ['etag', 'cache-control', 'vary']) {
    assert.ok(full.headers.has(name));
    assert.equal(unchanged.headers.get(name), full.headers.get(name), name);
  }
  for (const name of ['age', 'cache-status', 'ratelimit', 'ratelimit-policy', 'x-request-id']) {
    assert.ok(unchanged.headers.has(name), name);
  }
  const names = [...unchanged.headers.keys()];
  assert.deepEqual(
    names.filter((name) => /^content-|^transfer-/.test(name)),
    [],
  );
}

test('each coding and each view has a tag of its own, which is good for no other', async (t) => {
  const service = await startService(t);
  const { url, keys } = service;
  const headers = { Authorization: `Bearer ${keys.desk}` };
  const views = ['', '&fields=id', '&fields=id,topics', '&include=summaries'];
  const tags = new Map<string, { path: string; coding: string }>();
  for (const view of views) {
    for (const coding of ['identity', 'gzip', 'br']) {
      const path = PATH + view;
      const all = { ...headers, 'Accept-Encoding': coding };
      const reply = await sendRaw(url, ['GET', path], { headers: all });
      assert.equal(reply.headers.get('content-encoding') ?? 'identity', coding);
      tags.set(reply.headers.get('etag') ?? '', { path, coding });
    }
  }
  assert.equal(tags.size, views.length * 3);
  for (const [tag, { path, coding }] of tags) {
    const others = [...tags.keys()].filter((other) => other !== tag).join(', ');
    const all = { ...headers, 'Accept-Encoding': coding };
    const send = (value: string) =>
      sendRaw(url, ['GET', path], { headers: { ...all, 'If-None-Match': value } });
    assert.equal((await send(others)).status, 200);
    assert.equal((await send(tag)).status, 304);
  }
});

test('equal selections of fields are one representation', async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const tags = new Set<string | undefined>();
  for (const fields of [
    'topics,channel',
    'channel,topics',
    'channel,topics,channel',
    'id,channel,topics',
  ]) {
    const reply = await sendRaw(service.url, ['GET', `${PATH}&fields=${fields}`], { headers });
    tags.add(reply.headers.get('etag'));
  }
  assert.equal(tags.size, 1);
});

test('a refresh that brings the same content keeps the tag; other content has another', async (t) => {
  let at = Date.now();
  const service = await startService(t, { now: () => at });
  const first = await ask(service, 'GET');
  const tag = first.headers.get('etag') ?? '';

  const refreshed = await ask(service, 'GET', { 'Cache-Control': 'no-cache' });
  assert.equal(refreshed.headers.get('cache-status'), 'customer-360; fwd=request; stored');
  assert.equal(refreshed.headers.get('etag'), tag);
  assert.deepEqual(refreshed.body, first.body);

  at += 61_000;
  for (const cacheStatus of ['hit; ttl=-1; detail=memory', 'hit; ttl=60; detail=memory']) {
    const later = await ask(service, 'GET', { 'If-None-Match': tag });
    assert.equal(later.status, 304);
    assert.equal(later.headers.get('cache-status'), `customer-360; ${cacheStatus}`);
    assert.equal(later.headers.get('etag'), tag);
    await service.events.nth('background-refresh', 1);
  }
  assert.equal(service.sandbox.calls.received, 3);
});

test('summaries have validators too', async (t) => {
  const { url, keys } = await startService(t);
  const headers = { Authorization: `Bearer ${keys.desk}` };
  const path = '/v1/summaries?tenant=acme&interactionId=nothing';
  const full = await sendRaw(url, ['GET', path], { headers });
  const tag = full.headers.get('etag') ?? '';
  const all = { headers: { ...headers, 'If-None-Match': tag } };
  assert.equal((await sendRaw(url, ['GET', path], all)).status, 304);
  assert.equal((await sendRaw(url, ['HEAD', path], all)).status, 304);
  assert.equal((await sendRaw(url, ['GET', `${path}2`], all)).status, 200);
});
