// Where an answer came from: of several parts, and as events.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinProvenances, readEvent, readEvents } from '../../src/cache/provenance.ts';
import type { Provenance } from '../../src/domain/source.ts';
import { NOW } from '../support/queries.ts';
import { someInstants } from '../support/store-contract.ts';

const memory: Provenance = { outcome: 'hit', tier: 'memory' };
const redis: Provenance = { outcome: 'hit', tier: 'redis' };
const stale: Provenance = { outcome: 'stale', reason: 'upstream-unavailable', status: 503 };
const miss = (stored = true, collapsed = false): Provenance => ({
  outcome: 'miss',
  stored,
  collapsed,
});
const refresh: Provenance = { outcome: 'refresh', stored: true, collapsed: false };

test('of parts: stale if one is, else fetched if one is, else a hit of the slowest tier', () => {
  const rows: readonly (readonly [readonly Provenance[], Provenance])[] = [
    [[memory], memory],
    [[memory, memory], memory],
    [[memory, redis], redis],
    [[redis, memory, miss()], miss()],
    [[memory, refresh], refresh],
    [[miss(), stale, redis], stale],
    [[stale, { outcome: 'stale', reason: 'upstream-timeout', status: 504 }], stale],
  ];
  for (const [parts, whole] of rows) assert.deepEqual(joinProvenances(parts), whole);
});

test('it is stored only if all that was fetched is, and collapsed only if all of it is', () => {
  assert.deepEqual(joinProvenances([miss(), miss(false)]), miss(false));
  assert.deepEqual(joinProvenances([miss(false), memory]), miss(false));
  assert.deepEqual(joinProvenances([miss(true, true), miss()]), miss());
  assert.deepEqual(joinProvenances([miss(true, true), memory]), miss(true, true));
  assert.deepEqual(joinProvenances([miss(true, true), miss(false, true)]), miss(false, true));
});

test('each outcome is an event; a hit past its fresh time is a stale one', () => {
  const instants = someInstants();
  const told = (provenance: Provenance, now = NOW) => {
    const { outcome, tier } = readEvent('range', { instants, provenance }, now);
    return `${outcome} ${tier}`;
  };
  assert.equal(told(memory), 'hit memory');
  assert.equal(told(redis, instants.staleAt - 1), 'hit redis');
  assert.equal(told(memory, instants.staleAt), 'stale memory');
  assert.equal(told(redis, instants.staleAt), 'stale redis');
  assert.equal(told(miss()), 'miss none');
  assert.equal(told(refresh), 'refresh none');
  assert.equal(told(stale, instants.staleAt), 'stale-if-error none');
  // A refresh that failed: what is answered with may be fresh.
  assert.equal(told(stale), 'stale-if-error none');
  assert.deepEqual(readEvent('joined', { instants, provenance: memory }, NOW), {
    type: 'cache-read',
    kind: 'joined',
    outcome: 'hit',
    tier: 'memory',
    count: 1,
  });
});

test('parts are told together, by outcome and tier, in the order of their first', () => {
  const parts = [miss(), memory, redis, memory, miss(false), stale].map((provenance) => ({
    provenance,
    instants: someInstants(),
  }));
  const aged = { provenance: memory, instants: someInstants({ staleAt: NOW }) };
  const events = readEvents('summary', [...parts, aged], NOW);
  assert.deepEqual(
    events.map(({ kind, outcome, tier, count }) => `${kind} ${outcome} ${tier} ${count}`),
    [
      'summary miss none 2',
      'summary hit memory 2',
      'summary hit redis 1',
      'summary stale-if-error none 1',
      'summary stale memory 1',
    ],
  );
  assert.deepEqual(readEvents('summary', [], NOW), []);
});
