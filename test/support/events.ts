// Events as a test oracle: what happened so far, and a wait for what is to come, without sleeping.
import type { ServiceEvent } from '../../src/telemetry/events.ts';

type EventOf<Type extends ServiceEvent['type']> = Extract<ServiceEvent, { type: Type }>;

/** The events of one service in their order. */
export interface EventLog {
  add(event: ServiceEvent): void;
  /** The events of one type so far. */
  of<Type extends ServiceEvent['type']>(type: Type): readonly EventOf<Type>[];
  /** Resolves when so many events of a type have happened (in all), with the last of them. */
  nth<Type extends ServiceEvent['type']>(type: Type, count: number): Promise<EventOf<Type>>;
  clear(): void;
}

/** Creates an empty log. */
export function createEventLog(): EventLog {
  let events: ServiceEvent[] = [];
  let waiting: (() => void)[] = [];
  const of = <Type extends ServiceEvent['type']>(type: Type) =>
    events.filter((event): event is EventOf<Type> => event.type === type);
  return {
    add(event) {
      events.push(event);
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    of,
    async nth(type, count) {
      for (;;) {
        const found = of(type)[count - 1];
        if (found) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    clear() {
      events = [];
    },
  };
}
