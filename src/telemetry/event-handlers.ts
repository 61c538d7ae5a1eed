// What a subscriber does with each kind of event.
import type { Emit, ServiceEvent } from './events.ts';

/** An event of one kind. */
export type EventOf<Type extends ServiceEvent['type']> = Extract<ServiceEvent, { type: Type }>;

/** One function for each kind of event. */
export type EventHandlers<Type extends ServiceEvent['type'] = ServiceEvent['type']> = {
  readonly [Each in Type]: (event: EventOf<Each>) => void;
};

/** Hands each event to the function for its kind. */
export function handleBy(handlers: EventHandlers): Emit {
  // The types cannot say that the two of an event belong together.
  return (event) => (handlers[event.type] as (event: ServiceEvent) => void)(event);
}
