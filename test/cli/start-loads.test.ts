// What a start loads: nothing that only some callers, or some configurations, need.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listening, SEARCH, startService } from '../support/service-process.ts';

/** Tells at the end which packages and which parts of Node's own were loaded. */
const TELL = `
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({
  load(url, context, next) {
    loaded.add(url.replace(/^.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+).*$/, '$1'));
    return next(url, context);
  },
});
process.once('exit', () => {
  process.stderr.write(JSON.stringify([...loaded, ...process.moduleLoadList]));
});
`;

/** The documentation, its schemas' compilers, the client of Redis, and Node's own fetch. */
const LATE = [
  '@fastify/swagger',
  '@fastify/swagger-ui',
  '@fastify/static',
  'ajv',
  'fast-uri',
  'ioredis',
  'NativeModule internal/deps/undici/undici',
];

test('until the first answer only what it needs is loaded, and the documentation when asked for', async (t) => {
  const loadedFor = async (path: string): Promise<readonly string[]> => {
    const { started, key } = await startService(t, { prelude: TELL });
    const { api } = await listening(started);
    const reply = await fetch(api + path, { headers: { 'x-app-key': key } });
    assert.equal(reply.status, 200);
    started.child.kill('SIGTERM');
    assert.deepEqual(await started.ended, [0, null]);
    return JSON.parse(started.errors()) as string[];
  };
  const [search, docs] = [await loadedFor(SEARCH), await loadedFor('/docs')];
  const isLoadedFor = (loaded: readonly string[]) => LATE.filter((name) => loaded.includes(name));
  assert.ok(search.includes('fastify') && search.includes('undici'));
  assert.deepEqual(isLoadedFor(search), []);
  assert.deepEqual(isLoadedFor(docs).slice(0, 3), LATE.slice(0, 3));
});
