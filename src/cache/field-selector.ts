// Selects fields of kept answers: small ones here, large ones in a thread that is started when first needed.
import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type FieldSelection, selectBytes } from '../domain/customer-view.ts';

/** What the thread is given; it gives back the bytes of what the selection shows. */
export interface SelectionTask {
  readonly body: Uint8Array;
  readonly selection: FieldSelection;
}

/** The bytes of an answer with what the selection shows. */
export type FieldSelector = (body: Buffer, selection: FieldSelection) => Promise<Uint8Array>;

/** Parsing and serializing this much takes some milliseconds, in which a process answers nobody. */
const LARGE_BYTES = 256 * 1024;

// The same folder holds the thread's file, as source or built.
const THREAD = new URL(`./field-selection-thread${extname(import.meta.filename)}`, import.meta.url);

/** Creates a selector. Its thread ends with the process, and does not keep it from ending. */
export function createFieldSelector(): FieldSelector {
  let thread: Worker | null = null;
  let last: Promise<unknown> = Promise.resolve();

  const start = (): Worker => {
    const worker = new Worker(THREAD);
    worker.on('error', () => {
      thread = null;
    });
    return worker;
  };

  const selectInThread = async (body: Buffer, { fields, hide }: FieldSelection) => {
    thread ??= start();
    const worker = thread;
    worker.ref();
    try {
      const copy = new Uint8Array(body);
      worker.postMessage({ body: copy, selection: { fields, hide } }, [copy.buffer]);
      const [selected] = (await once(worker, 'message')) as [Uint8Array];
      return selected;
    } finally {
      worker.unref();
    }
  };

  const selectLarge = async (body: Buffer, selection: FieldSelection) => {
    try {
      return await selectInThread(body, selection);
    } catch {
      // Slower for all, but done: a thread may be refused or run out of memory.
      return selectBytes(body, selection);
    }
  };

  return async (body, selection) => {
    if (body.length < LARGE_BYTES) return selectBytes(body, selection);
    // In turn, so that there is one copy of an answer at a time, however many ask.
    const selecting = last.then(() => selectLarge(body, selection));
    last = selecting.catch(() => undefined);
    return selecting;
  };
}
