// Refused searches: remembered for half a minute, each on its own, and not without limit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rememberRefusals } from '../../src/cache/refusals.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { Context } from '../../src/domain/source.ts';
import { NOW } from '../support/queries.ts';

const ask: Context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set(), coding: null },
};

function createSource(answer: (query: string) => Promise<string>) {
  const clock = { at: NOW };
  const asked: string[] = [];
  const layer = rememberRefusals<string, string>({
    keyOf: (query) => ({ identity: query, field: '', kind: 'range' }),
    rememberMs: 30_000,
    now: () => clock.at,
  });
  const source = layer(async (query) => {
    asked.push(query);
    return answer(query);
  });
  return { clock, asked, source };
}

const refuse = async () => {
  throw new Problem('rejected-by-upstream');
};

test('a refusal is repeated for 30 s without asking again, refreshes included', async () => {
  const { clock, asked, source } = createSource(refuse);
  for (const at of [NOW, NOW + 1, NOW + 29_999]) {
    clock.at = at;
    await assert.rejects(source('a', { ...ask, refresh: at !== NOW }), {
      slug: 'rejected-by-upstream',
    });
  }
  assert.deepEqual(asked, ['a']);
  clock.at = NOW + 30_000;
  await assert.rejects(source('a', ask), { slug: 'rejected-by-upstream' });
  assert.deepEqual(asked, ['a', 'a']);
});

test('other searches are asked for', async () => {
  const { asked, source } = createSource((query) =>
    query === 'a' ? refuse() : Promise.resolve(query),
  );
  await assert.rejects(source('a', ask));
  assert.equal(await source('b', ask), 'b');
  assert.equal(await source('b', ask), 'b');
  assert.deepEqual(asked, ['a', 'b', 'b']);
});

test('other problems are not remembered', async () => {
  const { asked, source } = createSource(async () => {
    throw new Problem('upstream-unavailable');
  });
  await assert.rejects(source('a', ask), { slug: 'upstream-unavailable' });
  await assert.rejects(source('a', ask), { slug: 'upstream-unavailable' });
  assert.equal(asked.length, 2);
});

test('ten thousand are remembered; beyond that the oldest is forgotten', async () => {
  const { asked, source } = createSource(refuse);
  for (let count = 0; count <= 10_000; count += 1) await assert.rejects(source(`${count}`, ask));
  asked.length = 0;
  await assert.rejects(source('1', ask));
  await assert.rejects(source('0', ask));
  assert.deepEqual(asked, ['0']);
});
