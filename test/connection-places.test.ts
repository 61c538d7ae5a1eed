// How many connections a process takes: by what they cost in memory, and by the files that it may open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConnectionPlaces, type Room, roomOfProcess } from '../src/connection-places.ts';

const MB = 1024 ** 2;
const PLENTY: Room = { openFiles: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY };

const placesOf = (room: Partial<Room>) => {
  const { callers, ops } = createConnectionPlaces(() => undefined, { ...PLENTY, ...room });
  return [callers.most, ops.most];
};

test('where there is plenty of all, it is as many as a burst of callers needs', () => {
  assert.deepEqual(placesOf({ openFiles: 1_048_576, memoryBytes: 2_048 * MB }), [12_000, 100]);
  assert.deepEqual(placesOf({}), [12_000, 100]);
});

test('callers take a quarter of the memory at most', () => {
  assert.deepEqual(placesOf({ memoryBytes: 512 * MB }), [5_592, 100]);
  assert.deepEqual(placesOf({ memoryBytes: 128 * MB }), [1_398, 100]);
});

test('where they are fewer, some are left for other things, half of them at the most', () => {
  assert.deepEqual(placesOf({ openFiles: 4_096 }), [3_096, 100]);
  assert.deepEqual(placesOf({ openFiles: 1_024 }), [512, 64]);
  assert.deepEqual(placesOf({ openFiles: 256 }), [128, 16]);
});

test('what this machine allows is known', () => {
  const one = roomOfProcess(1);
  assert.ok(one.openFiles >= 256 && one.memoryBytes > 64 * MB, JSON.stringify(one));
  assert.equal(roomOfProcess(4).memoryBytes, one.memoryBytes / 4);
});
