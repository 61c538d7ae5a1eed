// One request of the load and what came of it.
import type { Customer, Customers, Fault } from './customers.ts';

/** How an answer came about, by its `Cache-Status`; `none` if it has none. */
export type Outcome = 'fresh' | 'stale' | 'stale-if-error' | 'fetched' | 'none';

/** A request that was sent. Instants are ticks of this process, in milliseconds. */
export interface Sample {
  readonly customer: Customer;
  /** The origin that was asked. */
  readonly origin: string;
  readonly sentAt: number;
  readonly tookMs: number;
  /** 0 if no answer came. */
  readonly status: number;
  /** The code of the error, if no answer came. */
  readonly error: string | null;
  readonly outcome: Outcome;
  readonly ageSeconds: number;
  /** The slug, of an answer that is a problem. */
  readonly problem: string | null;
  readonly fault: Fault | null;
}

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What a sample tells about an answer. */
export type Reading = Pick<
  Sample,
  'status' | 'error' | 'outcome' | 'ageSeconds' | 'problem' | 'fault'
>;

/** What is told where no answer came. */
export function noAnswer(error: unknown): Reading {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const nothing = { outcome: 'none', ageSeconds: 0, problem: null, fault: null } as const;
  return { ...nothing, status: 0, error: code };
}

/** Reads an answer to the question for a customer. */
export function readAnswer(
  { status, headers, body }: Answer,
  customer: Customer,
  judge: Customers['judge'],
): Reading {
  return {
    status,
    error: null,
    outcome: outcomeOf(headers['cache-status']),
    ageSeconds: Number(headers.age ?? 0),
    problem: status === 200 ? null : problemOf(body),
    fault: status === 200 ? judge(customer, body) : null,
  };
}

function outcomeOf(header: string | string[] | undefined): Outcome {
  const text = String(header ?? '');
  if (text.includes('detail=stale-if-error')) return 'stale-if-error';
  if (text.includes('; hit')) return text.includes('ttl=-') ? 'stale' : 'fresh';
  return text.includes('fwd=') ? 'fetched' : 'none';
}

function problemOf(body: string): string {
  try {
    const { type }: { type?: unknown } = JSON.parse(body);
    return String(type).replace('/problems/', '');
  } catch {
    return 'not a problem';
  }
}
