// The quota of each app, and that of addresses with failed credentials, counted by @fastify/rate-limit in stores of
// ours; and the two `RateLimit` headers.
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../domain/caller.ts';
import { invalidRequest, Problem } from '../domain/problem.ts';
import type { QuotaCounter, QuotaUse } from '../domain/quota.ts';
import type { Allowance } from '../domain/tenant.ts';
import type { Emit } from '../telemetry/events.ts';
import type { CredentialFault } from './authenticate.ts';
import { networkOf } from './network.ts';
import { callerOf } from './request-events.ts';

/** Takes from the quota of a request's caller, or of where it comes from if it has none. */
export interface Quota {
  /**
   * Counts a failed credential against the address that it came from: a missing one is none.
   * @throws {Problem} `unauthenticated`, or `quota-exceeded` where there were too many
   */
  refuse(request: FastifyRequest, reply: FastifyReply, fault: CredentialFault): Promise<never>;
  /** Counts the request itself. @throws {Problem} `quota-exceeded` */
  take(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /**
   * Counts what a request costs beyond itself; what does not fit is refused whole.
   * @throws {Problem} `quota-exceeded`, or `invalid-request` for a cost above the whole quota
   */
  takeMore(request: FastifyRequest, reply: FastifyReply, charge: Charge): Promise<void>;
}

/** The whole cost of a request, in requests, and the parameter that makes it so. */
export interface Charge {
  readonly cost: number;
  readonly parameter: string;
}

type Done = (error: Error | null, result?: { current: number; ttl: number }) => void;

/** Failed credentials of one address. */
const ADDRESS_ALLOWANCE: Allowance = { requests: 60, perMs: 60_000 };

interface QuotaOptions {
  readonly quotaCounter: QuotaCounter;
  /** Counts failed credentials by address. */
  readonly addressCounter: QuotaCounter;
  readonly emit: Emit;
}

/** What is the same for each request that is counted in the same way. */
interface Policy {
  readonly name: 'app' | 'address';
  readonly limit: ReturnType<FastifyInstance['createRateLimit']>;
  readonly header: string;
}

/** How the plugin is to count; its `max` and `timeWindow` are numbers, since it waits for what functions return. */
interface Counting {
  readonly cost: number;
  readonly counter: QuotaCounter;
  readonly keyGenerator: (request: FastifyRequest) => string;
}

/** Registers the plugin and creates the quota of `/v1`. */
export async function createQuota(
  server: FastifyInstance,
  { quotaCounter, addressCounter, emit }: QuotaOptions,
): Promise<Quota> {
  await server.register(rateLimit, { global: false, store: CounterStore });

  const createPolicy = (
    name: Policy['name'],
    { requests, perMs }: Allowance,
    counting: Counting,
  ): Policy => ({
    name,
    limit: server.createRateLimit({ ...counting, max: requests, timeWindow: perMs }),
    header: `"${name}";q=${requests};w=${Math.ceil(perMs / 1000)}`,
  });

  const ofAddress = createPolicy('address', ADDRESS_ALLOWANCE, {
    cost: 1,
    counter: addressCounter,
    keyGenerator: ({ ip }) => networkOf(ip),
  });

  const policies = new Map<string, Policy>();
  const policyFor = ({ app, quota }: Caller, cost: number): Policy => {
    const name = cost === 1 ? app : `${app} ${cost}`;
    const kept = policies.get(name);
    if (kept) return kept;
    const counting = { cost, counter: quotaCounter, keyGenerator: () => app };
    const policy = createPolicy('app', quota, counting);
    policies.set(name, policy);
    return policy;
  };

  const take = async (request: FastifyRequest, reply: FastifyReply, policy: Policy) => {
    const { name, limit, header } = policy;
    const use = await limit(request);
    if (use.isAllowed) return;
    reply.header('ratelimit', `"${name}";r=${use.remaining};t=${use.ttlInSeconds}`);
    reply.header('ratelimit-policy', header);
    if (use.isExceeded) {
      emit({ type: 'quota-refused', policy: name, app: request.caller?.app ?? null });
      throw new Problem('quota-exceeded', {
        retryAfterSeconds: use.ttlInSeconds,
        violatedPolicies: [name],
      });
    }
  };

  const charge = (request: FastifyRequest, reply: FastifyReply, cost: number) =>
    take(request, reply, policyFor(callerOf(request), cost));

  return {
    async refuse(request, reply, fault) {
      if (fault !== 'no-credential') await take(request, reply, ofAddress);
      throw new Problem('unauthenticated', { reason: fault });
    },
    take: (request, reply) => charge(request, reply, 1),
    async takeMore(request, reply, { cost, parameter }) {
      if (cost > callerOf(request).quota.requests) {
        throw invalidRequest({
          parameter,
          code: 'cost-above-quota',
          detail: 'Ask for less: this never fits the quota.',
        });
      }
      if (cost === 1) return;
      try {
        await charge(request, reply, cost - 1);
      } catch (error) {
        // A refused request does not count, so that what it took for itself is given back.
        await charge(request, reply, -1);
        throw error;
      }
    },
  };
}

/** The plugin makes its store itself, and a child of it for each limiter, with the limiter's own options. */
class CounterStore {
  readonly #options: Partial<Counting>;

  constructor(options: Partial<Counting>) {
    this.#options = options;
  }

  incr(name: string, done: Done, perMs: number, requests: number): void {
    const { counter, cost = 1 } = this.#options;
    if (counter === undefined) {
      done(new Error('A limiter has no counter'));
      return;
    }
    const tell = ({ admitted, used, resetMs }: QuotaUse) =>
      done(null, { current: admitted ? used : requests + 1, ttl: resetMs });
    const use = counter.take(name, cost, { requests, perMs });
    if (use instanceof Promise) use.then(tell).catch(done);
    else tell(use);
  }

  child(options: object): CounterStore {
    return new CounterStore(options);
  }
}
