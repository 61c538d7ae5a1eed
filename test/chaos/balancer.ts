// A balancer as it stands before replicas: it asks each whether it is ready, and passes refused requests to others.
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, Pool, request } from 'undici';
import type { Ending } from '../support/ending.ts';
import type { Replica } from '../support/replica-processes.ts';
import type { Answer } from './sample.ts';

/** What the balancer knows of a replica. */
type Address = Pick<Replica, 'api' | 'credential'>;

/** A replica as the balancer sees it. */
interface Target {
  readonly replica: Address;
  readonly pool: Pool;
  isReady: boolean;
  /** Looks in a row that were not answered. */
  unanswered: number;
}

/** What a look at a replica finds. */
type Finding = 'ready' | 'not-ready' | 'no-answer';

/** What came of a request: an answer, or the error that was met instead; and who was asked. */
export interface Passed {
  readonly origin: string;
  readonly sentAt: number;
  readonly answer?: Answer;
  readonly error?: unknown;
}

/** Spreads requests over replicas. */
export interface Balancer {
  /** From now on these are asked, and no others. */
  use(replicas: readonly Address[]): Promise<void>;
  /** Passes a request to one that is ready; undefined if there is none. */
  pass(path: string): Promise<Passed | undefined>;
  /** Gives up connections that nobody uses. */
  rest(): Promise<void>;
}

const LOOK_EVERY_MS = 200;
const LOOK_TIMEOUT_MS = 1_000;
/** As balancers have it: one look may have met a worker that was dying. */
const MOST_UNANSWERED = 1;
/** Far longer than any deadline. */
const ANSWER_TIMEOUT_MS = 15_000;

/** Creates one without replicas. It looks at them until the end. */
export function createBalancer(t: Ending): Balancer {
  let targets: readonly Target[] = [];
  let isOver = false;
  const looks = new Agent({ pipelining: 0 });

  const lookAt = async (target: Target) => {
    const finding = await look(target.replica.api, looks);
    target.unanswered = finding === 'no-answer' ? target.unanswered + 1 : 0;
    if (finding !== 'no-answer') target.isReady = finding === 'ready';
    else if (target.unanswered > MOST_UNANSWERED) target.isReady = false;
  };
  const watch = async () => {
    while (!isOver) {
      await Promise.all([...targets.map(lookAt), delay(LOOK_EVERY_MS)]);
    }
  };
  const watching = watch();
  t.after(async () => {
    isOver = true;
    await watching;
    await Promise.all([looks.destroy(), ...targets.map(({ pool }) => pool.destroy())]);
  });

  const pick = (): Target | undefined => {
    const ready = targets.filter((target) => target.isReady);
    // In turn, a group of customers could meet the same replica each time.
    return ready[Math.floor(Math.random() * ready.length)];
  };

  const pass = async (path: string): Promise<Passed | undefined> => {
    const target = pick();
    if (target === undefined) return undefined;
    const origin = target.replica.api;
    const sentAt = performance.now();
    try {
      return { origin, sentAt, answer: await ask(target, path) };
    } catch (error) {
      if (!isRefusal(error)) return { origin, sentAt, error };
      target.isReady = false;
    }
    // Nothing was sent: another may be asked.
    return pass(path);
  };

  return {
    pass,
    async use(replicas) {
      const gone = targets.filter(({ replica }) => !replicas.includes(replica));
      targets = replicas.map(
        (replica) => targets.find((target) => target.replica === replica) ?? createTarget(replica),
      );
      await Promise.all(targets.map(lookAt));
      for (const { pool } of gone) void pool.close();
    },
    async rest() {
      const used = targets;
      targets = used.map(({ replica }) => ({ ...createTarget(replica), isReady: true }));
      await Promise.all(used.map(({ pool }) => pool.close()));
    },
  };
}

function createTarget(replica: Address): Target {
  const timeouts = { headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS };
  return { replica, pool: new Pool(replica.api, timeouts), isReady: false, unanswered: 0 };
}

async function ask({ pool, replica }: Target, path: string): Promise<Answer> {
  const { credential } = replica;
  const { statusCode, headers, body } = await pool.request({
    method: 'GET',
    path,
    headers: credential,
  });
  return { status: statusCode, headers, body: await body.text() };
}

async function look(origin: string, dispatcher: Agent): Promise<Finding> {
  try {
    const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    const { statusCode, body } = await request(`${origin}/readyz`, { dispatcher, signal });
    await body.dump();
    return statusCode === 200 ? 'ready' : 'not-ready';
  } catch (error) {
    return isRefusal(error) ? 'not-ready' : 'no-answer';
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}
