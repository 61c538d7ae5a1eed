// The command line of the benchmarks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../../bench/arguments.ts';

const KNOWN = ['hot-hit', 'miss'];

test('nothing asks for all scenarios, in full', () => {
  assert.deepEqual(parseArguments([], KNOWN), {
    scenarios: [],
    quick: false,
    strict: false,
    list: false,
  });
});

test('scenarios and flags come in any order; a scenario counts once', () => {
  assert.deepEqual(parseArguments(['miss', '--quick', 'hot-hit', '--strict', 'miss'], KNOWN), {
    scenarios: ['miss', 'hot-hit'],
    quick: true,
    strict: true,
    list: false,
  });
});

test('all that is unknown is named', () => {
  assert.throws(() => parseArguments(['--slow', 'miss', 'hot'], KNOWN), /Unknown: --slow, hot\./);
});
