// How faults are told on a terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError, readFailure, renderFaults } from '../../src/config/faults.ts';

const PORT = { place: 'PORT', problem: 'is not a port', mend: 'Write a number.' };

test('a heading counts the faults, and each has a block', () => {
  const other = { place: 'config.yaml:3 tenants', problem: 'is missing', mend: 'Write one.' };
  assert.equal(
    renderFaults([PORT, other]),
    'The configuration has 2 faults.\n\nPORT is not a port\n    Write a number.\n\n' +
      'config.yaml:3 tenants is missing\n    Write one.\n',
  );
  assert.match(renderFaults([PORT]), /^The configuration has 1 fault\.\n/);
});

test('an error holds its faults and their text', () => {
  const error = new ConfigurationError([PORT]);
  assert.deepEqual(error.faults, [PORT]);
  assert.equal(error.message, renderFaults([PORT]));
  assert.equal(error.name, 'ConfigurationError');
});

test('control characters do not reach the terminal', () => {
  const place = 'config.yaml:1 tenants.\u001b[31m\u202ered\n\u009b';
  assert.match(renderFaults([{ ...PORT, place }]), /tenants\.\?\[31m\?red\?\? is not a port/);
});

test('a failed read is told by its code, never by its message', () => {
  const missing = Object.assign(new Error("open '/secret/path'"), { code: 'ENOENT' });
  assert.equal(readFailure(missing), ' (ENOENT)');
  assert.equal(readFailure(Object.assign(new Error(''), { code: 'path /x' })), '');
  assert.equal(readFailure('text'), '');
});
