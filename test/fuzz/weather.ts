// How the simulated 8x8 fares while exchanges go on: mostly well, now and then badly, for a few calls.
import { createChance } from '../../src/sandbox/chance.ts';
import { FAULTS, type FaultKind, type Faults } from '../../src/sandbox/faults.ts';

const CHANGES_EVERY = 100;
const KINDS = Object.keys(FAULTS) as [FaultKind, ...FaultKind[]];
const QUANTITIES = {
  retryAfterSeconds: 1,
  resetAfterSeconds: 1,
  delayMs: 200,
  byteIntervalMs: 20,
  bytes: 300_000,
};

/** Sets what holds from an exchange on, if it is another than before. */
export function changeWeather(faults: Faults, seed: number, number: number): void {
  if (number % CHANGES_EVERY === 0) setWeather(faults, seed, number);
}

/** Sets what holds for an exchange; equal seeds give equal weather. */
export function setWeather(faults: Faults, seed: number, number: number): void {
  const chance = createChance(`weather ${seed}/${number - (number % CHANGES_EVERY)}`);
  faults.set(null);
  if (chance.oneIn(2)) return;
  const endpoint = chance.oneIn(4) ? ({ endpoint: 'summaries' } as const) : {};
  const times = chance.pick([1, 3, 10, 30]);
  faults.set({ kind: chance.pick(KINDS), ...QUANTITIES }, { ...endpoint, times });
}
