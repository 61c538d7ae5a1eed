// 8x8's two endpoints as sources: one try each, from a canonical query to a checked answer.
import type { CustomerQuery } from '../domain/customer-query.ts';
import { isProblem, Problem } from '../domain/problem.ts';
import { type Context, priorityOf, type Source } from '../domain/source.ts';
import type { SummariesQuery } from '../domain/summaries.ts';
import type { Tenant } from '../domain/tenant.ts';
import { searchBounds } from '../domain/time-range.ts';
import type { VendorCustomer, VendorSummaries } from '../domain/vendor-answer.ts';
import type { Drift, Emit, UpstreamEndpoint } from '../telemetry/events.ts';
import type { UpstreamCall, UpstreamClient } from './client.ts';
import { readVendorCustomer, readVendorSummaries } from './contract.ts';
import { parseJson, responseProblem, transportProblem } from './failures.ts';
import type { NoteDrift } from './fields.ts';

interface EightByEightOptions {
  readonly client: UpstreamClient;
  /** The vendor's keys of a tenant, in the order in which they are tried. */
  readonly keysOf: (tenant: Tenant) => readonly string[];
  readonly now: () => number;
  readonly emit: Emit;
}

/** The vendor, as the innermost sources of the service. */
export interface EightByEight {
  readonly interactions: Source<CustomerQuery, VendorCustomer>;
  readonly summaries: Source<SummariesQuery, VendorSummaries>;
}

type Read<Answer> = (body: unknown, note: NoteDrift) => Answer;

/** Creates the sources. Each call is one event; so is each kind of drift in an answer. */
export function createEightByEight(options: EightByEightOptions): EightByEight {
  const { client, keysOf, now, emit } = options;

  async function ask<Answer>(
    call: UpstreamCall,
    { tenant, context, read }: { tenant: Tenant; context: Context; read: Read<Answer> },
  ): Promise<Answer> {
    const key = keysOf(tenant)[context.keyIndex ?? 0];
    if (key === undefined) throw new Problem('upstream-misconfigured');
    const response = await client.send(call, key, context.signal).catch((error: unknown) => {
      throw transportProblem(error);
    });
    const problem = responseProblem(response, now());
    if (problem) throw problem;
    const drifts: Drift[] = [];
    const answer = read(parseJson(response.body), (drift) => drifts.push(drift));
    emitDrifts(drifts, endpointOf(call), emit);
    return answer;
  }

  async function askAndTell<Answer>(
    call: UpstreamCall,
    rest: { tenant: Tenant; context: Context; read: Read<Answer> },
  ): Promise<Answer> {
    const startedAt = now();
    const tell = (outcome: 'ok' | Problem['slug'], reason: string | null) =>
      emit({
        type: 'upstream-call',
        tenant: rest.tenant.name,
        region: call.region,
        endpoint: endpointOf(call),
        priority: priorityOf(rest.context),
        outcome,
        reason,
        // A clock may be set back meanwhile.
        durationMs: Math.max(0, now() - startedAt),
      });
    try {
      const answer = await ask(call, rest);
      tell('ok', null);
      return answer;
    } catch (error) {
      const { slug, details } = isProblem(error) ? error : new Problem('internal-error');
      tell(slug, details.reason ?? null);
      throw error;
    }
  }

  return {
    interactions: (query, context) =>
      askAndTell(interactionsCall(query, now()), {
        tenant: query.tenant,
        context,
        read: readVendorCustomer,
      }),
    summaries: (query, context) =>
      askAndTell(summariesCall(query), {
        tenant: query.tenant,
        context,
        read: readVendorSummaries,
      }),
  };
}

const PARAMETER_OF_STRATEGY = {
  email: 'email',
  phone: 'phoneNumber',
  contact: 'contactId',
  account: 'accountId',
} as const;

/** Exactly the parameters that the strategy allows (CONTRACT: strategies). */
function interactionsCall(query: CustomerQuery, now: number): UpstreamCall {
  const { tenant, identity, timeRange } = query;
  const { startAt, endAt } = searchBounds(timeRange, { now, gridMs: tenant.timeGridMs });
  const parameters: [string, string][] = [[PARAMETER_OF_STRATEGY[identity.by], identity.value]];
  if (identity.crmId !== null) parameters.push(['crmId', identity.crmId]);
  if (startAt !== undefined) parameters.push(['startTime', isoSeconds(startAt)]);
  if (endAt !== undefined) parameters.push(['endTime', isoSeconds(endAt)]);
  const { region, tenantId } = tenant;
  return { region, tenantId, resource: 'interactions-insight', parameters };
}

function summariesCall({ tenant, interactionIds }: SummariesQuery): UpstreamCall {
  return {
    region: tenant.region,
    tenantId: tenant.tenantId,
    resource: 'transcript-summaries',
    parameters: interactionIds.map((id) => ['interactionId', id] as const),
  };
}

function endpointOf({ resource }: UpstreamCall): UpstreamEndpoint {
  return resource === 'interactions-insight' ? 'interactions' : 'summaries';
}

/** Bounds lie on a grid of whole seconds; the vendor's examples show none smaller. */
function isoSeconds(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

function emitDrifts(drifts: readonly Drift[], endpoint: UpstreamEndpoint, emit: Emit): void {
  for (const drift of new Set(drifts)) {
    const count = drifts.filter((noted) => noted === drift).length;
    emit({ type: 'upstream-drift', endpoint, drift, count });
  }
}
