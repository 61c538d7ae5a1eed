// The rules can fail: each is fed with a row that breaks it, and no other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCustomers } from './customers.ts';
import { type Figures, figuresOf, isAbnormal } from './figures.ts';
import { leaksOf } from './leaks.ts';
import type { BegunFault, Row } from './row.ts';
import { breachesOf, RULES } from './rules.ts';
import type { RowResult } from './run-row.ts';
import { noAnswer, readAnswer, type Sample } from './sample.ts';
import { renderTable } from './table.ts';

const customers = createCustomers();
const HOT = customers.next('hot');
const STALE = customers.next('stale');
const COLD = customers.next('cold');

const ROW: Row = {
  name: 'redis-gone',
  about: 'made up',
  kind: 'redis',
  topology: 'single',
  begin: () => Promise.reject(new Error('It is never begun.')),
};

/** 10,000 to 20,000 is the time of the fault; all was as before at 21,000. */
const MOMENTS = { begunAt: 10_000, endedAt: 20_000, recoveredAt: 21_000 };
const BEFORE = 5_000;
const EARLY = 10_500;
const LATER = 15_000;
const RECOVERING = 20_500;
const AFTER = 25_000;

function sample(changes: Partial<Sample> = {}): Sample {
  return {
    customer: HOT,
    origin: 'http://a',
    sentAt: BEFORE,
    tookMs: 2,
    status: 200,
    error: null,
    outcome: 'fresh',
    ageSeconds: 0,
    problem: null,
    fault: null,
    ...changes,
  };
}

const GOOD = [BEFORE, EARLY, LATER, RECOVERING, AFTER].flatMap((sentAt) => [
  sample({ sentAt }),
  sample({ sentAt, customer: COLD, tookMs: 20, outcome: 'fetched' }),
]);

function figures(more: readonly Sample[] = [], fault: Pick<BegunFault, 'mayLose'> = {}): Figures {
  return figuresOf([...GOOD, ...more], MOMENTS, fault);
}

function result(changes: Partial<RowResult> = {}): RowResult {
  return {
    row: ROW,
    figures: figures(),
    notSent: 0,
    grownBytes: 0,
    redisConnections: 2,
    ownDelayMs: 5,
    poisoned: 0,
    findings: [],
    ...changes,
  };
}

const broken = (made: RowResult) => breachesOf(made, { timing: true }).map(({ rule }) => rule);

const unavailable = (changes: Partial<Sample>) =>
  sample({ status: 503, outcome: 'none', problem: 'upstream-unavailable', ...changes });

const MADE: Readonly<Record<string, RowResult>> = {
  'held-answered': result({
    row: { ...ROW, problems: ['upstream-unavailable'] },
    figures: figures([unavailable({ sentAt: LATER })]),
  }),
  'no-wrong-answer': result({ figures: figures([sample({ fault: 'wrong' })]) }),
  'no-damaged-answer': result({ figures: figures([sample({ fault: 'damaged' })]) }),
  'known-problems': result({
    row: { ...ROW, problems: ['upstream-timeout'] },
    figures: figures([unavailable({ sentAt: LATER, customer: COLD })]),
  }),
  'problems-only-meanwhile': result({
    row: { ...ROW, problems: ['upstream-unavailable'] },
    figures: figures([unavailable({ sentAt: AFTER, customer: COLD })]),
  }),
  'no-refusal': result({ figures: figures([sample({ status: 429 })]) }),
  'nothing-lost': result({
    figures: figures(
      [EARLY, LATER].map((sentAt) => sample({ sentAt, ...noAnswer('cut') })),
      {
        mayLose: ({ sentAt }) => sentAt === EARLY,
      },
    ),
  }),
  'always-one-ready': result({ notSent: 1 }),
  'within-deadline': result({
    figures: figures([sample({ customer: STALE, tookMs: 4_001 })]),
  }),
  recovers: result({ figures: { ...figures(), recoveredMs: null } }),
  'recovers-in-time': result({ figures: { ...figures(), recoveredMs: 10_001 } }),
  'nothing-poisoned': result({ poisoned: 1 }),
  'bounded-memory': result({ grownBytes: 200_000_001 }),
  'no-connection-storm': result({ redisConnections: 41 }),
  'as-described': result({ findings: ['It ended with 1, not with 0.'] }),
  'little-added': result({ figures: figures([sample({ sentAt: EARLY, tookMs: 68 })]) }),
  'nothing-added-later': result({
    figures: figures([13_000, 14_000].map((sentAt) => sample({ sentAt, tookMs: 13 }))),
  }),
};

test('a row as it should be breaks no rule', () => {
  assert.deepEqual(broken(result()), []);
});

test('there is a row that breaks each rule, and it alone', () => {
  assert.deepEqual(
    Object.keys(MADE),
    RULES.map(({ name }) => name),
  );
  for (const [rule, made] of Object.entries(MADE)) assert.deepEqual(broken(made), [rule]);
});

test('once a fault of Redis is known, misses take no longer either', () => {
  const later = (tookMs: number) => {
    const more = [13_000, 14_000].map((sentAt) => sample({ sentAt, tookMs, customer: COLD }));
    return broken(result({ figures: figures(more) }));
  };
  assert.deepEqual(later(30), []);
  assert.deepEqual(later(31), ['nothing-added-later']);
});

test('where the pace of the machine is not known, rules about time are not judged', () => {
  const slow = result({ figures: figures([sample({ sentAt: EARLY, tookMs: 68 })]) });
  assert.deepEqual(broken(slow), ['little-added']);
  assert.deepEqual(broken({ ...slow, ownDelayMs: 6 }), []);
  assert.deepEqual(breachesOf(slow, { timing: false }), []);
});

test('what the fault may lead to breaks no rule', () => {
  const row = { ...ROW, kind: '8x8', problems: ['upstream-unavailable'] } as const;
  const more = [
    unavailable({ sentAt: LATER, customer: COLD }),
    unavailable({ sentAt: RECOVERING, customer: COLD }),
    sample({ sentAt: LATER, customer: STALE, outcome: 'stale-if-error' }),
    sample({ sentAt: LATER, ...noAnswer('cut') }),
    sample({ sentAt: LATER, customer: COLD, tookMs: 3_500 }),
  ];
  const fault = { mayLose: () => true };
  const made = result({ row, figures: figures(more, fault) });
  assert.deepEqual(broken(made), []);
  assert.equal(made.figures.staleServed, 1);
  assert.match(renderTable([made]), /^fault +requests .*\nredis-gone +15 +0 +2 +1 +1 /);
});

test('the time to recover of a fault that ends alone counts from its beginning', () => {
  assert.equal(figures().recoveredMs, 1_000);
  assert.equal(figuresOf(GOOD, MOMENTS, { endsAlone: true }).recoveredMs, 11_000);
});

test('an answer is abnormal that is late, stale, faulty or none', () => {
  const abnormal = [
    sample({ status: 503 }),
    sample(noAnswer(new Error('cut'))),
    sample({ fault: 'wrong' }),
    sample({ outcome: 'stale-if-error' }),
    sample({ customer: STALE, outcome: 'stale', ageSeconds: 7 }),
  ];
  for (const each of abnormal) assert.ok(isAbnormal(each));
  for (const each of GOOD) assert.ok(!isAbnormal(each));
  assert.ok(!isAbnormal(sample({ customer: STALE, outcome: 'stale', ageSeconds: 2 })));
});

test('an answer is read by its marks', () => {
  const body = (email: string, mark: string, changes = {}) =>
    JSON.stringify({
      customer: { value: email },
      complete: true,
      interactions: [0, 1, 2].map((at) => ({
        id: `${mark}-${at}`,
        address: email,
        title: 'version 1',
        ...changes,
      })),
    });
  const { email, mark } = HOT;
  const judge = (text: string) =>
    readAnswer({ status: 200, headers: {}, body: text }, HOT, customers.judge).fault;
  assert.equal(judge(body(email, mark)), null);
  assert.equal(judge(body(COLD.email, COLD.mark)), 'wrong');
  assert.equal(judge(body(email, COLD.mark)), 'wrong');
  assert.equal(judge(body(email, mark, { address: COLD.email })), 'wrong');
  assert.equal(judge(body(email, mark, { address: null })), 'damaged');
  assert.equal(judge(body(email, mark, { title: null })), 'damaged');
  assert.equal(judge(JSON.stringify({})), 'wrong');
});

test('an answer is read by its headers', () => {
  const read = (status: number, text: string) =>
    readAnswer(
      {
        status,
        headers: { 'cache-status': text, age: '3' },
        body: '{"type":"/problems/overloaded"}',
      },
      HOT,
      () => null,
    );
  assert.equal(read(200, 'customer-360; hit; ttl=4; detail=memory').outcome, 'fresh');
  assert.equal(read(200, 'customer-360; hit; ttl=-4; detail=redis').outcome, 'stale');
  assert.equal(read(200, 'customer-360; fwd=miss; stored').outcome, 'fetched');
  const failed = read(200, 'customer-360; fwd=stale; fwd-status=503; detail=stale-if-error');
  assert.deepEqual([failed.outcome, failed.ageSeconds], ['stale-if-error', 3]);
  assert.equal(read(503, '').problem, 'overloaded');
});

test('what grows over rounds is a leak, what wavers is none', () => {
  const held = { pid: 1, residentBytes: 100e6, openFiles: 40, handles: 30 };
  const rounds = (last: object) => [[held], [held], [held], [{ ...held, ...last }]];
  assert.deepEqual(leaksOf(rounds({})), []);
  assert.deepEqual(leaksOf(rounds({ residentBytes: 134e6, openFiles: 50, handles: 40 })), []);
  for (const grown of [{ residentBytes: 136e6 }, { openFiles: 51 }, { handles: 41 }]) {
    assert.equal(leaksOf(rounds(grown)).length, 1);
  }
  assert.equal(leaksOf(rounds({ handles: Number.NaN })).length, 1);
  assert.deepEqual(leaksOf(rounds({ pid: 2, handles: 99 })), []);
  assert.deepEqual(leaksOf([[held], [held], [{ ...held, handles: 99 }]]), []);
});
