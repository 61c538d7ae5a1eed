// Cursors: what was sealed is opened again, by whoever has the key, for an hour; nothing else is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CursorContent, createCursors } from '../../src/domain/cursor.ts';

const NOW = Date.UTC(2026, 5, 15, 12);
const HOUR = 3_600_000;
const CONTENT: CursorContent = {
  firstAt: NOW,
  question: 'a-question',
  after: { startedAt: NOW - HOUR, id: 'int-marker' },
};
const cursors = createCursors(Buffer.alloc(32, 1));

test('what was sealed is opened by every process with the same secret', () => {
  const text = cursors.seal(CONTENT);
  assert.deepEqual(cursors.open(text, NOW), CONTENT);
  assert.deepEqual(createCursors(Buffer.alloc(32, 1)).open(text, NOW), CONTENT);
  const undated = { ...CONTENT, after: { startedAt: null, id: 'int-2' } };
  assert.deepEqual(cursors.open(cursors.seal(undated), NOW), undated);
});

test('a cursor is text for a URL, shows nothing, and is the same for the same place', () => {
  const text = cursors.seal(CONTENT);
  assert.match(text, /^[\w-]+$/);
  assert.ok(!Buffer.from(text, 'base64url').toString('latin1').includes('marker'));
  assert.equal(cursors.seal(CONTENT), text);
  assert.notEqual(cursors.seal({ ...CONTENT, firstAt: NOW + 1 }), text);
});

test('it holds for an hour', () => {
  const text = cursors.seal(CONTENT);
  assert.ok(cursors.open(text, NOW + HOUR));
  assert.equal(cursors.open(text, NOW + HOUR + 1), undefined);
});

test('whatever was not sealed with the secret is not opened', () => {
  const text = cursors.seal(CONTENT);
  assert.equal(createCursors(Buffer.alloc(32, 2)).open(text, NOW), undefined);
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === 'A' ? 'B' : 'A';
    const changed = text.slice(0, at) + other + text.slice(at + 1);
    assert.equal(cursors.open(changed, NOW), undefined, `character ${at}`);
  }
  for (const bad of ['', 'x', `${text}A`, text.slice(0, -4), '%', 'a'.repeat(5000), `${text}=`]) {
    assert.equal(cursors.open(bad, NOW), undefined, bad.slice(0, 20));
  }
});
