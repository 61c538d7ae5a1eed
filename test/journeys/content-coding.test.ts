// Content codings: what the caller prefers, decoding to the same bytes, with the right length.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { type RawReply, sendRaw } from '../support/raw-http.ts';
import { startService } from '../support/service.ts';

const PATH = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.busy.contactId}`;
const DECODE = { br: brotliDecompressSync, gzip: gunzipSync };

type Coding = 'br' | 'gzip' | undefined;

/** `Accept-Encoding`, and the coding that is to come of it. */
const ROWS: readonly (readonly [string | undefined, Coding])[] = [
  [undefined, undefined],
  ['', undefined],
  ['br', 'br'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip, br', 'br'],
  ['br, gzip', 'br'],
  ['gzip;q=0.5, br;q=0.5', 'br'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip;q=1.0, br;q=0.9', 'gzip'],
  ['gzip;q=0.001, br;q=0', 'gzip'],
  ['br;q=0, gzip;q=0', undefined],
  ['*', 'br'],
  ['*;q=0', undefined],
  ['*, br;q=0', 'gzip'],
  ['*;q=0, gzip', 'gzip'],
  ['identity', undefined],
  ['identity, br;q=0.5', undefined],
  ['identity;q=0.5, br;q=0.5', 'br'],
  ['identity;q=0.5, gzip', 'gzip'],
  ['identity;q=0', undefined],
  ['br ; q=1 , gzip;q=0.3', 'br'],
  ['gzip;q=1.001', undefined],
  ['gzip;q=2, br;q=0.1', 'br'],
  ['deflate, zstd, compress', undefined],
  ['brotli', undefined],
];

test('the coding that the caller likes best, br before gzip', async (t) => {
  const { url, keys } = await startService(t);
  const ask = (method: string, coding?: string): Promise<RawReply> =>
    sendRaw(url, [method, PATH], {
      headers: {
        Authorization: `Bearer ${keys.desk}`,
        ...(coding !== undefined && { 'Accept-Encoding': coding }),
      },
    });
  const plain = await ask('GET');
  for (const [accepted, coding] of ROWS) {
    const reply = await ask('GET', accepted);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('content-encoding'), coding, accepted);
    assert.equal(reply.headers.get('content-length'), String(reply.body.length));
    assert.equal(reply.headers.get('vary'), 'Authorization, X-App-Key, Accept-Encoding, Origin');
    const decoded = coding ? DECODE[coding](reply.body) : reply.body;
    assert.deepEqual(decoded, plain.body, accepted);

    const head = await ask('HEAD', accepted);
    for (const name of ['etag', 'content-encoding', 'content-length', 'content-type']) {
      assert.equal(head.headers.get(name), reply.headers.get(name), `${name} ${accepted}`);
    }
  }
});

test('what is coded is much smaller', async (t) => {
  const { url, keys } = await startService(t);
  const length = async (coding: string) => {
    const headers = { Authorization: `Bearer ${keys.desk}`, 'Accept-Encoding': coding };
    return (await sendRaw(url, ['GET', PATH], { headers })).body.length;
  };
  const plain = await length('identity');
  assert.ok((await length('gzip')) < plain / 4);
  assert.ok((await length('br')) < plain / 4);
});

test('a coding is made once, and its bytes are always the same', async (t) => {
  const { url, keys } = await startService(t);
  for (const coding of ['br', 'gzip']) {
    const headers = { Authorization: `Bearer ${keys.desk}`, 'Accept-Encoding': coding };
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => sendRaw(url, ['GET', PATH], { headers })),
    );
    const bodies = new Set(replies.map(({ body }) => body.toString('base64')));
    assert.equal(bodies.size, 1);
  }
});

test('problems, health and summaries of any size come whole in any coding', async (t) => {
  const { url, keys } = await startService(t);
  const headers = { Authorization: `Bearer ${keys.desk}`, 'Accept-Encoding': 'br' };
  const summaries = '/v1/summaries?tenant=acme&interactionId=nothing';
  const plain = await sendRaw(url, ['GET', summaries], {
    headers: { ...headers, 'Accept-Encoding': 'identity' },
  });
  const coded = await sendRaw(url, ['GET', summaries], { headers });
  assert.equal(coded.headers.get('content-encoding'), 'br');
  assert.deepEqual(brotliDecompressSync(coded.body), plain.body);
  for (const path of ['/v1/customer', '/nowhere', '/livez', '/openapi.json']) {
    const reply = await sendRaw(url, ['GET', path], { headers });
    assert.equal(reply.headers.get('content-encoding'), undefined);
  }
});
