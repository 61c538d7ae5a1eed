// Email addresses: one canonical spelling a mailbox, and nothing that is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizeEmail } from '../../src/domain/email.ts';

test('spellings of one mailbox become one address', () => {
  const spellings = [
    'Anna.Smith+news@Example.COM',
    '  anna.smith+news@example.com  ',
    'ANNA.SMITH+NEWS@EXAMPLE.COM.',
  ];
  for (const spelling of spellings) {
    assert.equal(normalizeEmail(spelling, false), 'anna.smith+news@example.com');
  }
});

test('dots and tags are told apart, since only the mail server knows what they mean', () => {
  assert.notEqual(
    normalizeEmail('a.b@example.com', false),
    normalizeEmail('ab@example.com', false),
  );
  assert.notEqual(normalizeEmail('a+b@example.com', false), normalizeEmail('a@example.com', false));
});

test('composed and decomposed characters are one address', () => {
  assert.equal(normalizeEmail('Zoe\u0308@example.com', false), 'zo\u00eb@example.com');
  assert.equal(normalizeEmail('ZO\u00cb@example.com', false), 'zo\u00eb@example.com');
});

test('a domain in any script becomes ASCII', () => {
  assert.equal(normalizeEmail('a@B\u00dcCHER.example', false), 'a@xn--bcher-kva.example');
  assert.equal(normalizeEmail('a@xn--bcher-kva.example', false), 'a@xn--bcher-kva.example');
});

test('the local part keeps its case where the tenant says so, the domain never', () => {
  assert.equal(normalizeEmail('Anna@EXAMPLE.com', true), 'Anna@example.com');
});

test('what is no single plain address is refused', () => {
  const refused = [
    '',
    ' ',
    'anna',
    '@example.com',
    'anna@',
    'a@b@example.com',
    'an na@example.com',
    'anna@exam ple.com',
    '"anna"@example.com',
    'anna@example',
    'anna@example..com',
    'anna@example.com..',
    'anna@1.2.3.4',
    'anna@1.2.3',
    'anna@0x7f.1',
    'anna@[127.0.0.1]',
    'anna@example.com/path',
    'anna@ex%61mple.com',
    'anna@exam_ple.com',
    'anna@example.123',
    `${'a'.repeat(65)}@example.com`,
    `anna@${'a'.repeat(64)}.com`,
    `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(20)}.com`,
    `anna@example.com${' '.repeat(1024)}`,
  ];
  for (const text of refused) assert.equal(normalizeEmail(text, false), undefined, text);
});

test('the longest parts that mail allows are accepted', () => {
  assert.ok(normalizeEmail(`${'a'.repeat(64)}@${'b'.repeat(63)}.com`, false));
});

test('a canonical address is its own canonical form, whatever it was made of', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  const address = fc.tuple(text, text).map(([local, host]) => `${local}@${host}.example`);
  fc.assert(
    fc.property(fc.oneof(fc.emailAddress(), address), fc.boolean(), (spelling, caseSensitive) => {
      const canonical = normalizeEmail(spelling, caseSensitive);
      if (canonical === undefined) return;
      assert.equal(normalizeEmail(canonical, caseSensitive), canonical);
    }),
    { numRuns: 2_000 },
  );
});
