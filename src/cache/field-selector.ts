// Selects fields of kept answers: small ones here, large ones in a thread that is started when first needed.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type FieldSelection, selectBytes } from '../domain/customer-view.ts';

/** What the thread is given, and gives back with another body. */
export interface SelectionTask {
  readonly id: number;
  readonly body: Uint8Array;
  readonly selection: FieldSelection;
}

/** The bytes of an answer with what the selection shows. */
export type FieldSelector = (body: Buffer, selection: FieldSelection) => Promise<Uint8Array>;

interface Waiting {
  readonly resolve: (body: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Parsing and serializing this much takes some milliseconds, in which a process answers nobody. */
const LARGE_BYTES = 256 * 1024;

// The same folder holds the thread's file, as source or built.
const THREAD = new URL(`./field-selection-thread${extname(import.meta.filename)}`, import.meta.url);

/** Creates a selector. Its thread ends with the process, and does not keep it from ending. */
export function createFieldSelector(): FieldSelector {
  let thread: Worker | null = null;
  let tasks = 0;
  const waiting = new Map<number, Waiting>();

  const start = (): Worker => {
    const worker = new Worker(THREAD);
    worker.on('message', ({ id, body }: SelectionTask) => {
      waiting.get(id)?.resolve(body);
      waiting.delete(id);
      if (waiting.size === 0) worker.unref();
    });
    worker.on('error', (error) => {
      thread = null;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    });
    return worker;
  };

  const selectInThread = async (body: Buffer, selection: FieldSelection) => {
    thread ??= start();
    thread.ref();
    tasks += 1;
    const id = tasks;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    waiting.set(id, { resolve, reject });
    const copy = new Uint8Array(body);
    const { fields, hide } = selection;
    thread.postMessage({ id, body: copy, selection: { fields, hide } }, [copy.buffer]);
    return promise;
  };

  return async (body, selection) => {
    if (body.length < LARGE_BYTES) return selectBytes(body, selection);
    // Slower for all, but done: a thread may be refused or run out of memory.
    return selectInThread(body, selection).catch(() => selectBytes(body, selection));
  };
}
