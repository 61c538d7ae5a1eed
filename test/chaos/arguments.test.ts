// What the command line of `npm run chaos` is taken for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from './arguments.ts';
import { ROWS, rowNamed, SHORT_LIST } from './catalog.ts';

const KNOWN = ['one', 'two'];
const USUAL = { rows: [], rounds: 1, seconds: 6, json: undefined, list: false };

test('nothing means everything, once', () => {
  assert.deepEqual(parseArguments([], KNOWN), USUAL);
});

test('rows, rounds, seconds and a file', () => {
  const args = ['two', '--rounds', '10', 'one', '--json', 'x.json', 'two', '--list'];
  assert.deepEqual(parseArguments(args, KNOWN), {
    rows: ['two', 'one'],
    rounds: 10,
    seconds: 1,
    json: 'x.json',
    list: true,
  });
  assert.equal(parseArguments(['--rounds', '10', '--seconds', '3'], KNOWN).seconds, 3);
});

test('what is not known is refused by its name', () => {
  assert.throws(() => parseArguments(['three', 'one'], KNOWN), /Unknown rows: three\./);
  assert.throws(() => parseArguments(['--loud'], KNOWN), /--loud/);
  for (const text of ['0', '-1', '1.5', 'ten', '']) {
    assert.throws(() => parseArguments([`--rounds=${text}`], KNOWN), /--rounds must be/);
    assert.throws(() => parseArguments([`--seconds=${text}`], KNOWN), /--seconds must be/);
  }
});

test('each row has a name of its own, and the short list names rows', () => {
  assert.equal(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
  for (const name of SHORT_LIST) assert.equal(rowNamed(name).name, name);
  const kinds = new Set(SHORT_LIST.map((name) => rowNamed(name).kind));
  assert.deepEqual(kinds, new Set(['redis', '8x8', 'process']));
  assert.throws(() => rowNamed('nothing'), RangeError);
});
