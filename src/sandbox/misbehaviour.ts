// What a fault is: one of three ways in which an exchange goes wrong.
import type { ServerResponse } from 'node:http';
import type { Reply } from './replies.ts';

/** The quantities of faults. Each fault uses one of them at most. */
export interface FaultOptions {
  /** The value of `Retry-After`, whole seconds. */
  readonly retryAfterSeconds: number;
  /** How far ahead `x-ratelimit-reset` points, whole seconds. */
  readonly resetAfterSeconds: number;
  /** Milliseconds before the head of the reply. */
  readonly delayMs: number;
  /** Milliseconds from one byte of the body to the next, 1 or more. */
  readonly byteIntervalMs: number;
  /** The body is bigger than this. */
  readonly bytes: number;
}

/** The quantities where none are given. */
export const FAULT_DEFAULTS: FaultOptions = {
  retryAfterSeconds: 1,
  resetAfterSeconds: 1,
  delayMs: 1_000,
  byteIntervalMs: 1,
  bytes: 16 * 1_024 * 1_024,
};

interface Described {
  /** What happens, in a few words. */
  readonly about: string;
  /** The quantity that it uses. */
  readonly option?: keyof FaultOptions;
}

/** Something else comes in place of the vendor's reply, which is not even made. */
export interface InsteadFault extends Described {
  readonly instead: (options: FaultOptions, nowAt: number) => Reply;
}

/** The vendor's reply is changed before it is sent. */
export interface AlteringFault extends Described {
  readonly alter: (reply: Reply) => Reply;
}

/** The vendor's reply is sent badly, or not at all. */
export interface DeliveryFault extends Described {
  readonly deliver: (response: ServerResponse, reply: Reply, options: FaultOptions) => void;
}

/** One of the three. */
export type Misbehaviour = InsteadFault | AlteringFault | DeliveryFault;
