// Processes that end: killed, told to, or by an error of their own. The run puts others in their place.
import { once } from 'node:events';
import type { Replica } from '../../support/replica-processes.ts';
import { untilTrue } from '../../support/until.ts';
import { signal } from '../../support/worker-logs.ts';
import type { BegunFault, Row } from '../row.ts';
import type { Sample } from '../sample.ts';
import type { World } from '../world.ts';

const REPLACED_WITHIN_MS = 20_000;
/** What a process takes to die, and the others to see it. */
const DYING_MS = 100;
const FAULT_LINE = '"msg":"a fault of this service"';

/** One row for each. */
export const PROCESS_ROWS: readonly Row[] = [
  row('replica-killed', 'kill -9 of a replica', async (lost) => {
    lost.child.kill('SIGKILL');
    return { mayLose: whatHadInHand(lost), check: () => [] };
  }),
  row('replica-told-to-end', 'SIGTERM of a replica, which ends a second later', async (lost) => {
    lost.child.kill('SIGTERM');
    const farewell = await farewellOf(lost);
    return {
      check: ([code]) => [
        ...(code === 0 ? [] : [`It ended with ${code}, not with 0.`]),
        ...farewell,
      ],
    };
  }),
  row('replica-fault', 'an error that nobody handles in a replica', async (lost) => {
    lost.child.kill('SIGUSR2');
    return {
      mayLose: whatHadInHand(lost),
      check: ([code]) => [
        ...(code === 1 ? [] : [`It ended with ${code}, not with 1.`]),
        ...(lost.output().includes(FAULT_LINE) ? [] : ['No line of the log tells of the error.']),
        ...(lost.errors() === '' ? [] : [`It wrote beside its log: ${lost.errors()}`]),
      ],
    };
  }),
  {
    name: 'worker-killed',
    about: 'kill -9 of one of two workers',
    kind: 'process',
    topology: 'single',
    async prepare(world) {
      const service = await world.startReplica({ WORKERS: '2' });
      const usual = world.replicas;
      world.replicas = [service];
      await world.balancer.use([service]);
      return async () => {
        world.replicas = usual;
        await world.balancer.use(usual);
        service.child.kill('SIGTERM');
        await service.ended;
      };
    },
    async begin({ replicas: [service] }) {
      if (service === undefined) throw new TypeError('There is no service.');
      const [worker] = workersOf(service);
      const before = new Set(workersOf(service));
      signal(worker, 'SIGKILL');
      const killedAt = performance.now();
      return {
        mayLose: ({ sentAt }) => sentAt <= killedAt + DYING_MS,
        async end() {
          await untilTrue(REPLACED_WITHIN_MS, async () =>
            workersOf(service).some((pid) => !before.has(pid)),
          );
          return [];
        },
      };
    },
  },
];

type Play = (lost: Replica) => Promise<
  Omit<BegunFault, 'end'> & {
    /** What was not as it should be, by exit code and signal. */
    check(ended: Awaited<Replica['ended']>): readonly string[];
  }
>;

/** What happens to the last of the replicas; another takes its place as soon as it has started. */
function row(name: string, about: string, play: Play): Row {
  return {
    name,
    about,
    kind: 'process',
    topology: 'single',
    endsAlone: true,
    async begin(world) {
      const lost = world.replicas.at(-1);
      if (lost === undefined) throw new TypeError('There is no replica.');
      const { check, ...fault } = await play(lost);
      const replaced = replace(world, lost);
      return {
        ...fault,
        async end() {
          await replaced;
          return check(await lost.ended);
        },
      };
    },
  };
}

/** Whether a process that dies had a request in hand: it was sent before its end was seen. */
function whatHadInHand({ api, child }: Replica): (sample: Sample) => boolean {
  let diedAt = Number.POSITIVE_INFINITY;
  child.once('exit', () => {
    diedAt = performance.now();
  });
  return ({ origin, sentAt }) => origin === api && sentAt <= diedAt + DYING_MS;
}

/** A replica that ends still answers, and tells connections that are kept alive to close. */
async function farewellOf({ ask, ended }: Replica): Promise<readonly string[]> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const reply = await ask('/v1/customer').catch(() => undefined);
    await reply?.text();
    if (reply?.headers.get('connection') === 'close') return [];
  }
  return ['It told no connection to close before it ended.'];
}

async function replace(world: World, lost: Replica): Promise<void> {
  const next = await world.startReplica();
  world.replicas = [...world.replicas.filter((replica) => replica !== lost), next];
  // The balancer still looks at the one that ends, and sees that it is not ready.
  if (lost.child.exitCode === null && lost.child.signalCode === null)
    await once(lost.child, 'exit');
  await world.balancer.use(world.replicas);
}

/** The process ids that the end of its log tells of. */
function workersOf(service: Replica): readonly number[] {
  const told = service.output().matchAll(/"worker":(\d+),[^\n]*"msg":"a worker listens"/g);
  return [...told].map(([, pid]) => Number(pid));
}
