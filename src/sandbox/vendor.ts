// The simulated API: from a request to the reply that the vendor would give.

import { answerSearch, type Habits } from './customer-answer.ts';
import type { Population, SandboxTenant } from './population.ts';
import { Refusal } from './refusal.ts';
import { emptyReply, gatewayFault, jsonReply, problemReply, type Reply } from './replies.ts';
import { readSearch } from './search.ts';
import { answerSummaries, readSummaryIds } from './summaries.ts';
import type { Target } from './target.ts';

/** A request, as far as the vendor looks at it. */
export interface VendorRequest {
  readonly method: string;
  readonly target: Target;
  /** The value of `x-api-key`. */
  readonly key: string | undefined;
  /** When it came: Unix time in milliseconds. */
  readonly nowAt: number;
}

/** The vendor, whole: checks path, method, key, tenant and parameters, in this order. */
export function createVendor(
  population: Population,
  habits: Habits,
): (request: VendorRequest) => Reply {
  return ({ method, target, key, nowAt }) => {
    if (target.endpoint === 'other') return UNKNOWN_PATH;
    if (method !== 'GET') return WRONG_METHOD;
    const account = population.find(({ keys }) => key !== undefined && keys.includes(key));
    if (account === undefined) return emptyReply(401);
    const tenant = account.tenants.find((known) => livesAt(known, target));
    if (tenant === undefined) return problemReply(403, 'The tenant is not one of this account');
    try {
      return jsonReply(200, answer(tenant, target, { habits, nowAt }));
    } catch (error) {
      if (error instanceof Refusal) return problemReply(400, error.message);
      throw error;
    }
  };
}

const UNKNOWN_PATH = gatewayFault(404, {
  text: 'Unable to identify proxy for the path',
  code: 'messaging.adaptors.http.flow.ApplicationNotFound',
});

const WRONG_METHOD = gatewayFault(
  405,
  { text: 'The method is not allowed', code: 'messaging.runtime.MethodNotAllowed' },
  { allow: 'GET' },
);

function livesAt(tenant: SandboxTenant, { tenantId, region }: Target): boolean {
  return tenant.tenantId === tenantId && tenant.region === region;
}

function answer(
  tenant: SandboxTenant,
  { endpoint, parameters, isWellFormed }: Target,
  { habits, nowAt }: { readonly habits: Habits; readonly nowAt: number },
): object {
  if (!isWellFormed) throw new Refusal('The query is not well-formed');
  if (endpoint === 'summaries') return answerSummaries(tenant, readSummaryIds(parameters));
  return answerSearch(tenant, readSearch(parameters, nowAt), habits);
}
