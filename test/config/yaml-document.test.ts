// YAML: lines of faults, and that broken or hostile files are told in our words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml } from '../../src/config/yaml-document.ts';

function told(text: string): string[] {
  const { report } = readYaml(text, './dir/../config.yaml');
  return report([]).map(({ place, problem }) => `${place} ${problem}`);
}

test('a finding has the line of its path, or of what is around it', () => {
  const { data, report } = readYaml(
    'a:\n  b:\n    - x\n    - y: 1\n"c d": &c {e: 1}\nf: *c\n',
    'c.yaml',
  );
  assert.deepEqual(data, { a: { b: ['x', { y: 1 }] }, 'c d': { e: 1 }, f: { e: 1 } });
  const at = (...path: (string | number)[]): string => {
    const [fault] = report([{ path, problem: 'p', mend: 'm' }]);
    return fault?.place ?? '';
  };
  assert.equal(at('a'), 'c.yaml:1 a');
  assert.equal(at('a', 'b', 1, 'y'), 'c.yaml:4 a.b[1].y');
  assert.equal(at('a', 'missing'), 'c.yaml:1 a.missing');
  assert.equal(at('c d'), 'c.yaml:5 "c d"');
  assert.equal(at('f', 'e'), 'c.yaml:5 f.e');
  assert.equal(at(), 'c.yaml:1');
});

test('findings stand in the order of their lines', () => {
  const { report } = readYaml('a: 1\nb: 2\n', 'c.yaml');
  const findings = ['b', 'a'].map((name) => ({ path: [name], problem: 'p', mend: 'm' }));
  assert.deepEqual(
    report(findings).map(({ place }) => place),
    ['c.yaml:1 a', 'c.yaml:2 b'],
  );
});

test('broken YAML is told with its line', () => {
  assert.deepEqual(told('a: 1\nb: [1\n'), [
    'config.yaml:3 is not indented as its neighbours, or follows something that is not closed',
  ]);
  assert.deepEqual(told('a: "x'), ['config.yaml:1 lacks a closing bracket, quote or colon']);
  assert.deepEqual(told('a:\n\tb: 1\n'), ['config.yaml:2 is indented with a tab']);
  assert.deepEqual(told('a: 1\n---\nb: 1\n'), ['config.yaml:2 begins a second document']);
  assert.deepEqual(told('a: 1\n? [b]\n: 2\n'), ['config.yaml:2 has a key that is not plain text']);
  assert.deepEqual(told('a: 1\nb: !secret x\n'), ['config.yaml:2 has a tag (!name)']);
  assert.deepEqual(told('a: 1\nb: *x\n'), ['config.yaml:2 has an alias without an anchor']);
  assert.deepEqual(told('a: 1\n__proto__: 1\n'), ['config.yaml:2 has a key that is never known']);
});

test('a key that is there twice is told, and the rest is still read', () => {
  const text = 'a: 1\nb: 2\na: 3\n';
  assert.deepEqual(told(text), ['config.yaml:3 has a key that was there before']);
  assert.deepEqual(readYaml(text, 'c.yaml').data, { a: 3, b: 2 });
});

test('a file that expands without end is refused', () => {
  const levels = Array.from(
    { length: 12 },
    (_, at) => `l${at + 1}: &l${at + 1} [${`*l${at},`.repeat(9)}]`,
  );
  const text = ['l0: &l0 [x]', ...levels].join('\n');
  assert.deepEqual(told(text), ['config.yaml is nested too deeply, or has too many aliases']);
  const deep = told('['.repeat(50_000));
  assert.match(deep.join('\n'), /nested too deeply/);
});

test('no fault quotes the file', () => {
  const broken = [
    'sesame: [',
    'a: *sesame',
    'a: !sesame b',
    'a: "sesame',
    'sesame\nb: 1',
    '%sesame\n---',
  ];
  for (const text of [...broken, 'a: {sesame: 1', '@sesame', 'sesame: sesame: sesame']) {
    assert.notDeepEqual(told(text), [], text);
    assert.doesNotMatch(told(text).join('\n'), /sesame/);
  }
});

test('there are never more than ten faults of syntax', () => {
  assert.equal(told('"\\q"\n'.repeat(50)).length, 10);
});
