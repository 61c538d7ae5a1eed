// The rules of a customer search: what the vendor accepts, and how it reads it.
import { Refusal } from './refusal.ts';
import { instantOf, yearBefore } from './times.ts';

const IDENTITIES = ['email', 'phoneNumber', 'contactId', 'accountId'] as const;
const SINGLE_VALUED: readonly string[] = [...IDENTITIES, 'crmId', 'startTime', 'endTime'];
const E164 = /^\+[1-9]\d{1,14}$/;
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;

/** By which of its identities a customer is looked up. */
export type SearchBy = (typeof IDENTITIES)[number];

/** A search that breaks no rule. Instants are Unix time in milliseconds. */
export interface Search {
  readonly by: SearchBy;
  readonly value: string;
  readonly startAt: number;
  readonly endAt: number;
}

type Parameters = ReadonlyMap<string, string>;

/**
 * Reads a search. Parameters that the vendor does not know are ignored.
 * @throws Refusal for the first rule that is broken.
 */
export function readSearch(
  pairs: readonly (readonly [name: string, value: string])[],
  nowAt: number,
): Search {
  refuseRepeated(pairs);
  const parameters: Parameters = new Map(pairs);
  const by = onlyIdentity(parameters);
  const value = parameters.get(by) ?? '';
  checkValue(by, value);
  checkCrm(by, parameters.get('crmId'));
  return { by, value, ...readRange(parameters, nowAt) };
}

function refuseRepeated(pairs: readonly (readonly [name: string, value: string])[]): void {
  const names = pairs.map(([name]) => name).filter((name) => SINGLE_VALUED.includes(name));
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new Refusal(`${repeated} is given more than once`);
}

function onlyIdentity(parameters: Parameters): SearchBy {
  const [by, ...others] = IDENTITIES.filter((name) => parameters.has(name));
  if (by === undefined) throw new Refusal('One of the search identities is needed');
  if (others.length > 0) throw new Refusal('The search identities exclude each other');
  return by;
}

function checkValue(by: SearchBy, value: string): void {
  if (value.trim() === '') throw new Refusal(`${by} is blank`);
  if (by === 'email' && !EMAIL.test(value)) throw new Refusal('email is not an address');
  if (by === 'phoneNumber' && !E164.test(value)) throw new Refusal('phoneNumber is not E.164');
}

function checkCrm(by: SearchBy, crmId: string | undefined): void {
  if (by === 'contactId' && crmId === undefined) throw new Refusal('contactId needs crmId');
  if (crmId === undefined) return;
  if (by === 'email' || by === 'phoneNumber') throw new Refusal(`crmId must not go with ${by}`);
  if (crmId !== 'native') throw new Refusal('crmId must be native');
}

function readRange(parameters: Parameters, nowAt: number): { startAt: number; endAt: number } {
  const endAt = readInstant(parameters, 'endTime') ?? nowAt;
  const startAt = readInstant(parameters, 'startTime') ?? yearBefore(endAt);
  if (startAt > endAt) throw new Refusal('startTime is after endTime');
  return { startAt, endAt };
}

function readInstant(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  const instant = instantOf(text);
  if (instant === undefined) throw new Refusal(`${name} is not ISO-8601 with a time zone`);
  return instant;
}
