// The thread in which fields of large answers are selected, so that nobody else has to wait for it.
import { parentPort } from 'node:worker_threads';
import { selectBytes } from '../domain/customer-view.ts';
import type { SelectionTask } from './field-selector.ts';

parentPort?.on('message', ({ body, selection }: SelectionTask) => {
  const selected = selectBytes(body, selection);
  parentPort?.postMessage(selected, [selected.buffer as ArrayBuffer]);
});
