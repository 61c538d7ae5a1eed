// The search for marked values finds them in every spelling, and nothing where there is nothing.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { findMarks } from './marks.ts';

const EMAIL = 'Zaphod.Quibble+vip@Marked.example';
const PHONE = '+16285550174';
const MARKS = { email: EMAIL, phone: PHONE };

const sha256 = (text: string) => createHash('sha256').update(text).digest();

test('a planted value is found in every spelling', () => {
  const planted: Readonly<Record<string, string | Buffer>> = {
    plain: `{"customer":"${EMAIL}"}`,
    'small letters': EMAIL.toLowerCase(),
    escapes: `/v1/customer?email=${encodeURIComponent(EMAIL)}`,
    'small escapes': encodeURIComponent(EMAIL).toLowerCase(),
    form: `${new URLSearchParams({ email: EMAIL })}`,
    base64: Buffer.from(EMAIL).toString('base64'),
    'base64 in the middle': Buffer.from(`{"e":"${EMAIL.toLowerCase()}"}`).toString('base64'),
    'base64url one further': Buffer.from(`{"ee":"${EMAIL}"}`).toString('base64url'),
    'base64url two further': Buffer.from(`{"eee":"${EMAIL}"}`).toString('base64url'),
    hex: Buffer.from(EMAIL).toString('hex'),
    hash: sha256(EMAIL.toLowerCase()).toString('hex').toUpperCase(),
    'raw hash': Buffer.concat([randomBytes(9), sha256(EMAIL), randomBytes(9)]),
    'hash in base64url': `key:${sha256(EMAIL).toString('base64url')}`,
    backwards: [...EMAIL].reverse().join(''),
    'other punctuation': 'zaphod quibble vip AT marked example'.replace('AT ', ''),
    'between bytes': Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from(EMAIL)]),
  };
  for (const [name, text] of Object.entries(planted)) {
    assert.equal(findMarks(text, MARKS).length, 1, name);
    assert.match(findMarks(text, MARKS)[0] ?? '', /^email /, name);
  }
});

test('a number is found however it is grouped', () => {
  for (const text of [
    '+1 (628) 555-0174',
    'tel:1-628-555-0174',
    '%2B16285550174',
    '0016285550174',
  ]) {
    assert.match(findMarks(text, MARKS).join(), /^phone /, text);
  }
});

test('nothing is found where there is nothing', () => {
  assert.deepEqual(findMarks(randomBytes(100_000), MARKS), []);
  assert.deepEqual(findMarks('zaphod.quibble@other.example +1628555017', MARKS), []);
});
