// Flights: work that is under way once, for all who want the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlights } from '../../src/cache/flights.ts';
import { Problem } from '../../src/domain/problem.ts';

function start() {
  const flights = createFlights<string>();
  const started: PromiseWithResolvers<string>[] = [];
  const join = (name: string) =>
    flights.join(name, () => {
      const work = Promise.withResolvers<string>();
      started.push(work);
      return work.promise;
    });
  return { flights, started, join };
}

test('it is begun once, and what it brings is for all who joined', async () => {
  const { started, join } = start();
  const joined = [join('a'), join('a'), join('a')];
  assert.deepEqual(
    joined.map(({ collapsed }) => collapsed),
    [false, true, true],
  );
  assert.equal(started.length, 1);
  started[0]?.resolve('brought');
  assert.deepEqual(await Promise.all(joined.map(({ result }) => result)), [
    'brought',
    'brought',
    'brought',
  ]);
});

test('each name is a flight of its own', async () => {
  const { flights, started, join } = start();
  const [one, other] = [join('a'), join('b')];
  assert.equal(other.collapsed, false);
  started[1]?.resolve('b');
  assert.equal(await other.result, 'b');
  assert.deepEqual([flights.has('a'), flights.has('b')], [true, false]);
  started[0]?.resolve('a');
  assert.equal(await one.result, 'a');
});

test('after its end nothing is remembered: the next one begins anew', async () => {
  const { flights, started, join } = start();
  assert.equal(flights.has('a'), false);
  const first = join('a');
  assert.equal(flights.has('a'), true);
  started[0]?.resolve('first');
  await first.result;
  assert.equal(flights.has('a'), false);
  const second = join('a');
  assert.equal(second.collapsed, false);
  started[1]?.resolve('second');
  assert.equal(await second.result, 'second');
});

test('what fails, fails for all who joined, once, and is not remembered', async () => {
  const { flights, started, join } = start();
  const joined = [join('a'), join('a'), join('a')];
  const problem = new Problem('upstream-unavailable');
  started[0]?.reject(problem);
  for (const { result } of joined) await assert.rejects(result, problem);
  assert.equal(flights.has('a'), false);
  const next = join('a');
  assert.equal(next.collapsed, false);
  started[1]?.resolve('mended');
  assert.equal(await next.result, 'mended');
  assert.equal(started.length, 2);
});

test('a caller who does not wait changes nothing for the others', async () => {
  const { started, join } = start();
  const leaving = join('a');
  const staying = join('a');
  // The one who began it has gone: nobody looks at this promise any more.
  leaving.result.catch(() => undefined);
  const late = join('a');
  assert.equal(late.collapsed, true);
  started[0]?.resolve('brought');
  assert.deepEqual([await staying.result, await late.result], ['brought', 'brought']);
  assert.equal(started.length, 1);
});

test('what cannot even begin is no flight', async () => {
  const flights = createFlights<string>();
  const fail = () => {
    throw new RangeError('at once');
  };
  assert.throws(() => flights.join('a', fail), RangeError);
  const { result, collapsed } = flights.join('a', async () => 'landed');
  assert.deepEqual([await result, collapsed], ['landed', false]);
});
