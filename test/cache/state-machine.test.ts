// The cache as a state machine: random histories over several processes and one Redis, judged by plain rules.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc, { type AsyncCommand } from 'fast-check';
import type { Subject } from '../support/cache-record.ts';
import { connectSites } from '../support/cache-sites.ts';
import { createWorld, type Mood, type World } from '../support/cache-world.ts';
import { startRedis } from '../support/redis.ts';

const PROCESSES = 3;
// The same histories each time; others, and more, for a longer look: CACHE_HISTORIES=2000. fast-check prints seed and
// path of one that fails.
const { CACHE_HISTORIES } = process.env;
const EXTENT = CACHE_HISTORIES
  ? { numRuns: Number(CACHE_HISTORIES) }
  : { numRuns: 60, interruptAfterTimeLimit: 12_000, seed: 20_261_123 };
const LENGTH = 60;

const server = await startRedis();
const sites = await connectSites(server.url, PROCESSES);
after(async () => {
  await sites.close();
  await server.stop();
});

const SUBJECTS: readonly Subject[] = ['ann', 'bob'].flatMap((customer) =>
  ['P30D', 'P60D'].map((range) => ({ customer, range })),
);

type Command = AsyncCommand<World['record'], World>;
type Deed = readonly [text: string, act: (world: World) => void | Promise<void>];

// Most of the time the same ones, so that things meet.
const someProcess = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat(PROCESSES - 1) },
);
const someSubject = fc
  .oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.nat(SUBJECTS.length - 1) },
  )
  .map((index) => SUBJECTS[index] ?? assert.fail());
const nameOf = ({ customer, range }: Subject) => `${customer} ${range}`;

const asking = fc
  .record({ process: someProcess, subject: someSubject, refresh: fc.boolean() })
  .map((wish): Deed => {
    const text = `${wish.refresh ? 'refresh' : 'ask'} ${nameOf(wish.subject)} at ${wish.process}`;
    return [text, (world) => world.ask(wish)];
  });
const erasing = fc
  .record({ process: someProcess, subject: someSubject })
  .map(({ process, subject }): Deed => {
    return [`erase ${subject.customer} at ${process}`, (world) => world.erase(process, subject)];
  });
const answering = fc.constant<Deed>(['the vendor answers', (world) => world.answerAll()]);
/** What happens at once. */
const together = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: asking },
      { weight: 2, arbitrary: erasing },
      { weight: 1, arbitrary: answering },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((deeds): Deed => {
    const text = deeds.map(([each]) => each).join(', ');
    return [text, (world) => deeds.forEach(([, act]) => void act(world))];
  });
/** Two try to have it anew, again and again. */
const insisting = fc
  .record({ process: someProcess, other: someProcess, subject: someSubject })
  .map(({ process, other, subject }): Deed => {
    const text = `refresh ${nameOf(subject)} at ${process} and ${other}, 800 ms pass, three times`;
    const act = async (world: World) => {
      for (const asked of [process, other, process, other, process, other]) {
        world.ask({ process: asked, subject, refresh: true });
        await world.endStep();
        if (asked === other) world.pass(800);
      }
    };
    return [text, act];
  });
const passing = fc
  .constantFrom(400, 800, 3_000, 9_000, 11_000, 31_000, 61_000, 130_000, 370_000)
  .map((ms): Deed => [`${ms} ms pass`, (world) => world.pass(ms)]);
const mood = fc
  .record({
    mood: fc.constantFrom<Mood>('well', 'well', 'down', 'throttling', 'refusing'),
    isSlow: fc.boolean(),
  })
  .map((mind): Deed => {
    const text = `the vendor is ${mind.mood}${mind.isSlow ? ' and slow' : ''}`;
    return [text, ({ vendor }) => void Object.assign(vendor, mind)];
  });
const changing = fc.constant<Deed>([
  'the content changes',
  ({ vendor }) => {
    vendor.version += 1;
  },
]);
const losing = fc
  .record({ subject: someSubject, part: fc.constantFrom('entry' as const, 'everything' as const) })
  .map(({ subject, part }): Deed => {
    return [`Redis loses ${part} of ${nameOf(subject)}`, (world) => world.lose(subject, part)];
  });
const deafening = fc
  .record({ process: someProcess, count: fc.integer({ min: 1, max: 3 }) })
  .map(({ process, count }): Deed => {
    const text = `${process} will not hear ${count}`;
    return [text, (world) => world.loseMessages(process, count)];
  });
/** One does not hear what another does, and is asked when it must know of it all the same. */
const missing = fc
  .record({
    process: someProcess,
    other: someProcess,
    subject: someSubject,
    isErased: fc.boolean(),
  })
  .map(({ process, other, subject, isErased }): Deed => {
    const deed = isErased ? 'an erasure' : 'a refresh';
    const act = async (world: World) => {
      world.loseMessages(process, 1);
      if (isErased) world.erase(other, subject);
      else world.ask({ process: other, subject, refresh: true });
      await world.endStep();
      world.loseMessages(process, 0);
      world.pass(11_000);
      world.ask({ process, subject, refresh: false });
    };
    return [
      `${process} misses ${deed} of ${nameOf(subject)} at ${other}, 11 s pass, it is asked`,
      act,
    ];
  });
const cutting = fc
  .record({ process: someProcess, isCut: fc.boolean() })
  .map(({ process, isCut }): Deed => {
    return [`${process} is ${isCut ? 'cut off' : 'back'}`, (world) => world.cut(process, isCut)];
  });
const settling = fc.constant<Deed>(['all is over', (world) => world.settle()]);

const command = ([text, act]: Deed): Command => ({
  check: () => true,
  async run(_record, world) {
    await act(world);
    await world.endStep();
    assert.deepEqual(world.faults, []);
  },
  toString: () => text,
});
const often = (times: number, deed: fc.Arbitrary<Deed>) =>
  Array.from({ length: times }, () => deed.map(command));

const histories = fc.commands(
  [
    ...often(6, together),
    ...often(2, insisting),
    ...often(3, passing),
    ...often(2, mood),
    ...often(1, answering),
    ...often(1, changing),
    ...often(1, losing),
    ...often(1, deafening),
    ...often(1, missing),
    ...often(1, cutting),
    ...often(1, settling),
  ],
  { maxCommands: LENGTH, size: 'max' },
);

test('whatever happens, every answer and every call to the vendor is by the rules', async () => {
  const property = fc.asyncProperty(histories, async (history) => {
    const world = createWorld(sites, SUBJECTS);
    await fc.asyncModelRun(() => ({ model: world.record, real: world }), history);
    await world.settle();
    assert.deepEqual(world.faults, []);
  });
  await fc.assert(property, EXTENT);
});
