// Faults that can be switched on: for everything, a region, an endpoint, or the next few calls.
import type { ServerResponse } from 'node:http';
import type { Region } from '../domain/region.ts';
import { ALTERING_FAULTS } from './altering-faults.ts';
import { DELIVERY_FAULTS } from './delivery-faults.ts';
import { INSTEAD_FAULTS } from './instead-faults.ts';
import {
  type AlteringFault,
  FAULT_DEFAULTS,
  type FaultOptions,
  type Misbehaviour,
} from './misbehaviour.ts';
import { type Reply, send } from './replies.ts';
import type { Endpoint, Target } from './target.ts';

/** All faults by name, each with what it does. */
export const FAULTS = { ...INSTEAD_FAULTS, ...ALTERING_FAULTS, ...DELIVERY_FAULTS };

/** The name of a fault. */
export type FaultKind = keyof typeof FAULTS;

/** A fault and its quantities; those not given are the defaults. */
export interface Fault extends Partial<FaultOptions> {
  readonly kind: FaultKind;
}

/** What a fault is switched on for; what is left out does not restrict it. */
export interface FaultScope {
  readonly region?: Region;
  readonly endpoint?: Endpoint;
}

/** A fault that is on. */
export interface FaultRule extends FaultScope {
  readonly fault: Fault;
  /** How many more calls it strikes; absent: until it is switched off. */
  readonly times?: number;
}

/** The switches. */
export interface Faults {
  /**
   * Switches a fault on, in place of the one that was on for exactly this scope.
   * `null` switches off whatever is on within the scope: without a scope, everything.
   */
  set(fault: Fault | FaultKind | null, scope?: FaultScope & { readonly times?: number }): void;
  /** The faults that are on; where several strike the same call, the first does. */
  list(): readonly FaultRule[];
  /** The fault that strikes this call, if any; counts it. */
  strike(call: Pick<Target, 'region' | 'endpoint'>): Fault | undefined;
}

/** Switches, all of them off. A fault switched on later goes before those that are on. */
export function createFaults(): Faults {
  let rules: readonly FaultRule[] = [];
  return {
    set(fault, { times, ...scope } = {}) {
      if (fault === null) {
        rules = rules.filter((rule) => !isWithin(rule, scope));
        return;
      }
      const rule = { ...scope, fault: typeof fault === 'string' ? { kind: fault } : fault };
      const others = rules.filter((other) => !(isWithin(other, rule) && isWithin(rule, other)));
      rules = [times === undefined ? rule : { ...rule, times }, ...others];
    },
    list: () => rules,
    strike(call) {
      const struck = rules.find((rule) => isWithin(call, rule));
      rules = rules.map((rule) => (rule === struck ? counted(rule) : rule)).filter(isAlive);
      return struck?.fault;
    },
  };
}

/** Lets a fault loose on a call; `honest` makes the reply that the vendor would give. */
export function misbehave(
  fault: Fault,
  response: ServerResponse,
  { honest, nowAt }: { readonly honest: () => Reply; readonly nowAt: number },
): void {
  const how: Misbehaviour = FAULTS[fault.kind];
  const options = { ...FAULT_DEFAULTS, ...fault };
  if ('instead' in how) send(response, how.instead(options, nowAt));
  else if ('deliver' in how) how.deliver(response, honest(), options);
  else send(response, alterGood(honest(), how));
}

function alterGood(reply: Reply, { alter }: AlteringFault): Reply {
  return reply.status === 200 ? alter(reply) : reply;
}

function isWithin(
  inner: { readonly region?: Region | null; readonly endpoint?: Endpoint },
  outer: FaultScope,
): boolean {
  return (
    (outer.region === undefined || outer.region === inner.region) &&
    (outer.endpoint === undefined || outer.endpoint === inner.endpoint)
  );
}

function counted(rule: FaultRule): FaultRule {
  return rule.times === undefined ? rule : { ...rule, times: rule.times - 1 };
}

function isAlive({ times }: FaultRule): boolean {
  return times === undefined || times > 0;
}
