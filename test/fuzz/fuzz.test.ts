// `npm run fuzz` in short, and that it can be repeated.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf, parseArguments } from './arguments.ts';
import { bytesOf, makeExchange, requestsIn } from './exchange.ts';
import { appKeysOf } from './marked.ts';
import { isClean, renderFindings } from './report.ts';
import { runSession } from './session.ts';

const SEED = 360;
const REQUESTS = 2_000;

test('random and broken requests break no rule', { timeout: 55_000 }, async (t) => {
  const options = { seed: SEED, requests: REQUESTS, setup: { redis: false, workers: 1 } };
  const findings = await runSession(t, options);
  assert.ok(isClean(findings), renderFindings(findings, options));
  assert.ok(findings.requests >= REQUESTS);
  assert.ok(findings.logLines >= REQUESTS / 2);
  // All that is to be tried did happen.
  for (const status of [200, 204, 304, 400, 401, 403, 404, 405, 413, 415, 429, 431]) {
    assert.ok(findings.statuses.has(status), `no reply was ${status}`);
  }
});

test('equal seeds and numbers make equal exchanges, others make others', () => {
  const bytes = (seed: number, number: number) => {
    const exchange = makeExchange({ seed, keys: appKeysOf(seed) }, number);
    return `${exchange.kind} ${requestsIn(exchange)} ${bytesOf(exchange).toString('latin1')}`;
  };
  for (let number = 0; number < 200; number += 1) {
    assert.equal(bytes(1, number), bytes(1, number));
    assert.notEqual(bytes(1, number), bytes(2, number));
    assert.notEqual(bytes(1, number), bytes(1, number + 1));
  }
});

test('the command line is read strictly', () => {
  const [alone, withRedis] = [
    { redis: false, workers: 1 },
    { redis: true, workers: 2 },
  ];
  const usual = { seed: 360, requests: 100_000, only: null, setups: [alone, withRedis] };
  assert.deepEqual(parseArguments([]), usual);
  const all = ['--seed', '7', '--requests', '5', '--only', '3', '--redis', '--workers', '2'];
  assert.deepEqual(parseArguments(all), { seed: 7, requests: 5, only: 3, setups: [withRedis] });
  for (const setup of [alone, withRedis, { redis: true, workers: 1 }]) {
    const [, args = ''] = commandOf({ seed: 7, setup }).split(' -- ');
    assert.deepEqual(parseArguments(args.split(' ')), { ...usual, seed: 7, setups: [setup] });
  }
  const bad = ['--seed x', '--requests -1', '--only 1.5', '--all', '7', '--redis 1', '--workers 0'];
  for (const each of bad) {
    assert.throws(() => parseArguments(each.split(' ')), each);
  }
});
