// The quota of each app, counted by @fastify/rate-limit in a store of ours, and the two `RateLimit` headers.
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../domain/caller.ts';
import { invalidRequest, Problem } from '../domain/problem.ts';
import type { QuotaCounter, QuotaUse } from '../domain/quota.ts';
import { callerOf } from './request-events.ts';

/** Takes from the quota of a request's caller. */
export interface Quota {
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

const POLICY = 'app';

/** What is the same for each request of an app that costs the same. */
interface Policy {
  readonly limit: ReturnType<FastifyInstance['createRateLimit']>;
  readonly header: string;
}

/** Registers the plugin and creates the quota of `/v1`. */
export async function createQuota(server: FastifyInstance, counter: QuotaCounter): Promise<Quota> {
  await server.register(rateLimit, { global: false, store: storeOver(counter) });
  const policies = new Map<string, Policy>();

  const policyFor = ({ app, quota }: Caller, cost: number): Policy => {
    const name = cost === 1 ? app : `${app} ${cost}`;
    const kept = policies.get(name);
    if (kept) return kept;
    const { requests, perMs } = quota;
    // Numbers, since the plugin waits for what functions return.
    const options = { cost, keyGenerator: () => app, max: requests, timeWindow: perMs };
    const policy = {
      limit: server.createRateLimit(options),
      header: `"${POLICY}";q=${requests};w=${Math.ceil(perMs / 1000)}`,
    };
    policies.set(name, policy);
    return policy;
  };

  const charge = async (request: FastifyRequest, reply: FastifyReply, cost: number) => {
    const { limit, header } = policyFor(callerOf(request), cost);
    const use = await limit(request);
    if (use.isAllowed) return;
    reply.header('ratelimit', `"${POLICY}";r=${use.remaining};t=${use.ttlInSeconds}`);
    reply.header('ratelimit-policy', header);
    if (use.isExceeded) {
      throw new Problem('quota-exceeded', {
        retryAfterSeconds: use.ttlInSeconds,
        violatedPolicies: [POLICY],
      });
    }
  };

  return {
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
function storeOver(counter: QuotaCounter) {
  return class CounterStore {
    readonly #cost: number;

    constructor(options: { cost?: number }) {
      this.#cost = options.cost ?? 1;
    }

    incr(name: string, done: Done, perMs: number, requests: number): void {
      const tell = ({ admitted, used, resetMs }: QuotaUse) =>
        done(null, { current: admitted ? used : requests + 1, ttl: resetMs });
      const use = counter.take(name, this.#cost, { requests, perMs });
      if (use instanceof Promise) use.then(tell).catch(done);
      else tell(use);
    }

    child(options: object & { cost?: number }): CounterStore {
      return new CounterStore(options);
    }
  };
}
