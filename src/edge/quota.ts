// The quota of each app, counted by @fastify/rate-limit in a store of ours, and the two `RateLimit` headers.
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { invalidRequest, Problem } from '../domain/problem.ts';
import type { QuotaCounter } from '../domain/quota.ts';
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

/** Registers the plugin and creates the quota of `/v1`. */
export async function createQuota(server: FastifyInstance, counter: QuotaCounter): Promise<Quota> {
  await server.register(rateLimit, { global: false, store: storeOver(counter) });
  const limiters = new Map<number, ReturnType<FastifyInstance['createRateLimit']>>();

  const limiterFor = (cost: number) => {
    const kept = limiters.get(cost);
    if (kept) return kept;
    const options = {
      cost,
      keyGenerator: (request: FastifyRequest) => callerOf(request).app,
      max: (request: FastifyRequest) => callerOf(request).quota.requests,
      timeWindow: (request: FastifyRequest) => callerOf(request).quota.perMs,
    };
    const limiter = server.createRateLimit(options);
    limiters.set(cost, limiter);
    return limiter;
  };

  const charge = async (request: FastifyRequest, reply: FastifyReply, cost: number) => {
    const use = await limiterFor(cost)(request);
    if (use.isAllowed) return;
    const { quota } = callerOf(request);
    reply.headers({
      ratelimit: `"${POLICY}";r=${use.remaining};t=${use.ttlInSeconds}`,
      'ratelimit-policy': `"${POLICY}";q=${quota.requests};w=${Math.ceil(quota.perMs / 1000)}`,
    });
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
      counter
        .take(name, this.#cost, { requests, perMs })
        .then(({ admitted, used, resetMs }) =>
          done(null, { current: admitted ? used : requests + 1, ttl: resetMs }),
        )
        .catch(done);
    }

    child(options: object & { cost?: number }): CounterStore {
      return new CounterStore(options);
    }
  };
}
