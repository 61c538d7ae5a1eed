// Limits that are used up: a Redis that is killed and comes back empty grants nothing of them again.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sandbox } from '../../../src/sandbox/server.ts';
import type { Replica } from '../../support/replica-processes.ts';
import { untilTrue } from '../../support/until.ts';
import { isRedisUp } from '../gauges.ts';
import { LIMIT, LIMIT_MS, LIMITED_CREDENTIAL, LIMITED_TENANT } from '../limited.ts';
import type { Row } from '../row.ts';
import type { World } from '../world.ts';

/** Asks a replica once, and notes what comes of it. */
type Ask = (replica: Replica) => Promise<void>;

/** What a row of a limit does. */
interface Limit {
  /** Uses it up, at each replica. */
  useUp(): Promise<void>;
  readonly ask: Ask;
  /** What was not as it should be until now. */
  findings(): readonly string[];
}

const ASK_EVERY_MS = 250;
/** So often each replica is asked when it uses Redis again: longer than a beat takes. */
const ASKED_LATER = 12;
const REDIS_UP_WITHIN_MS = 10_000;
const USED_UP_WITHIN_MS = 2 * LIMIT_MS;
/** What quotas may be out by. */
const TOLERANCE = 0.02;
const HELD = pathOf('held');
const TOO_MANY = 429;

/** One row for each kind of limit. */
export const LIMIT_ROWS: readonly Row[] = [
  row('quota-used-up-restart', "an app's quota is used up", quotaLimit),
  row('budget-used-up-restart', "the budget of a vendor's key is used up", budgetLimit),
];

function quotaLimit({ customers, replicas }: World): Limit {
  const path = customers.held[0]?.path ?? '';
  const findings = new Set<string>();
  let admitted = 0;
  let begunAt = 0;
  const isAdmitted = async (replica: Replica): Promise<boolean> => {
    const askedAt = performance.now();
    const reply = await replica.ask(path, { headers: LIMITED_CREDENTIAL });
    await reply.text();
    if (reply.status !== 200 && reply.status !== TOO_MANY)
      findings.add(`The app was answered with ${reply.status}.`);
    if (reply.status !== 200) return false;
    if (admitted === 0) begunAt = askedAt;
    admitted += 1;
    return true;
  };
  return {
    async useUp() {
      const [first] = replicas;
      // The window of a row before is waited for.
      if (first) await untilTrue(USED_UP_WITHIN_MS, () => isAdmitted(first));
      for (const replica of replicas) {
        while (await isAdmitted(replica));
      }
    },
    ask: async (replica) => void (await isAdmitted(replica)),
    findings() {
      const windows = 1 + Math.floor((performance.now() - begunAt) / LIMIT_MS);
      const most = windows * LIMIT * (1 + TOLERANCE) + replicas.length;
      if (admitted > most) findings.add(`${admitted} requests were admitted, of ${most}.`);
      return [...findings];
    },
  };
}

function budgetLimit({ sandbox, replicas }: World): Limit {
  const findings = new Set<string>();
  let usedUpAt = 0;
  const isGranted = async (replica: Replica): Promise<boolean> => {
    const reply = await replica.ask(pathOf(randomUUID()));
    const text = await reply.text();
    const isThrottled = text.includes('"/problems/upstream-throttled"');
    if (isThrottled && !reply.headers.has('retry-after')) findings.add('There is no Retry-After.');
    if (reply.status !== 200 && !isThrottled)
      findings.add(`A customer whom nobody holds was answered with ${reply.status}.`);
    return reply.status === 200;
  };
  const isHeld = async (replica: Replica): Promise<boolean> => {
    const reply = await replica.ask(HELD);
    await reply.text();
    return reply.status === 200;
  };
  return {
    async useUp() {
      for (const replica of replicas) {
        await untilTrue(USED_UP_WITHIN_MS, () => isHeld(replica));
      }
      for (const replica of replicas) {
        while (await isGranted(replica));
      }
      usedUpAt = performance.now();
      sandbox.calls.clear();
    },
    async ask(replica) {
      await isGranted(replica);
      if (!(await isHeld(replica))) findings.add('What is held was not answered with.');
    },
    findings() {
      const earned = ((performance.now() - usedUpAt) / LIMIT_MS) * LIMIT;
      const calls = callsOf(sandbox);
      const most = Math.ceil(earned) + replicas.length;
      if (calls > most) findings.add(`${calls} calls were made, of ${most}.`);
      return [...findings];
    },
  };
}

function callsOf({ calls: { all, received } }: Sandbox): number {
  if (received > all.length) throw new RangeError('More calls came than are kept.');
  return all.filter(({ tenantId }) => tenantId === LIMITED_TENANT.tenantId).length;
}

function pathOf(name: string): string {
  return `/v1/customer?tenant=limited&email=${name}%40example.com`;
}

/** All replicas are asked from when the limit is used up until an empty Redis has been back for a while. */
function row(name: string, about: string, limitOf: (world: World) => Limit): Row {
  return {
    name,
    about: `${about}, and Redis is killed; an empty one comes back at the end`,
    kind: 'redis',
    topology: 'single',
    async begin(world) {
      const { single } = world.topology;
      if (single === undefined) throw new TypeError(`${name} needs a single Redis.`);
      const limit = limitOf(world);
      await limit.useUp();
      const asking = startAsking(world.replicas, limit.ask);
      await single.kill();
      return {
        async end() {
          await single.start();
          const areUp = async () =>
            (await Promise.all(world.replicas.map(isRedisUp))).every(Boolean);
          await untilTrue(REDIS_UP_WITHIN_MS, areUp);
          await asking.goOn(ASKED_LATER);
          return limit.findings();
        },
      };
    },
  };
}

/** Asks all replicas again and again. */
function startAsking(replicas: readonly Replica[], ask: Ask) {
  let [asked, last] = [0, Number.POSITIVE_INFINITY];
  const askOn = async () => {
    for (; asked < last; asked += 1) await Promise.all([...replicas.map(ask), delay(ASK_EVERY_MS)]);
  };
  const asking = askOn();
  asking.catch(() => undefined);
  return {
    /** Resolves when each has been asked so many times more, and is asked no longer. */
    async goOn(times: number) {
      last = asked + times;
      await asking;
    },
  };
}
