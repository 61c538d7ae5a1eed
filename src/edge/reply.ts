// Replies that may be kept by the caller: validators, lifetimes and where the answer came from.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Instants } from '../domain/freshness.ts';
import type { Provenance, Reply } from '../domain/source.ts';
import type { Tenant } from '../domain/tenant.ts';

/** The media type of every answer. */
export const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends the bytes, or 304 where the caller has them. To be called after authorisation only. */
export function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  { answer, tenant, now }: { answer: Reply; tenant: Tenant; now: number },
): FastifyReply {
  const { representation, instants, provenance } = answer;
  request.trail.outcome = provenance.outcome;
  reply
    .etag(representation.etag, 0)
    .header('cache-control', cacheControl(instants, tenant))
    .header('age', String(ageOf(instants, now)))
    .header('cache-status', cacheStatus(provenance, instants, now));
  if (isUnchanged(request, representation.etag)) return reply.code(304).send();
  if (representation.coding) reply.header('content-encoding', representation.coding);
  return reply.code(200).header('content-type', JSON_TYPE).send(representation.body);
}

/** Whole seconds since an answer was fetched. */
export function ageOf({ fetchedAt }: Instants, now: number): number {
  return Math.max(0, Math.floor((now - fetchedAt) / 1000));
}

function cacheControl({ fetchedAt, staleAt }: Instants, { freshness }: Tenant): string {
  const maxAge = Math.floor((staleAt - fetchedAt) / 1000);
  const revalidate = Math.floor(freshness.staleWhileRevalidateMs / 1000);
  return `private, max-age=${maxAge}, stale-while-revalidate=${revalidate}`;
}

/** RFC 9211. */
function cacheStatus(provenance: Provenance, { staleAt }: Instants, now: number): string {
  if (provenance.outcome === 'hit') {
    const ttl = Math.floor((staleAt - now) / 1000);
    return `customer-360; hit; ttl=${ttl}; detail=${provenance.tier}`;
  }
  if (provenance.outcome === 'stale') {
    return `customer-360; fwd=stale; fwd-status=${provenance.status}; detail=stale-if-error`;
  }
  const { outcome, stored, collapsed } = provenance;
  const forwarded = outcome === 'miss' ? 'miss' : 'request';
  return `customer-360; fwd=${forwarded}${stored ? '; stored' : ''}${collapsed ? '; collapsed' : ''}`;
}

/** Whether the caller has what this tag stands for (RFC 9110 §13.1.2: weak comparison); for methods that only read. */
export function isUnchanged({ method, headers }: FastifyRequest, etag: string): boolean {
  const header = headers['if-none-match'];
  if (header === undefined || method === 'POST') return false;
  if (header.trim() === '*') return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag.replace(/^W\//, '') === etag);
}
