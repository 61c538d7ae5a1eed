// The body of a batch: each customer's answer or problem, as bytes, while the later ones are still asked for.
import { batchCustomerName, readBatchCustomer } from '../domain/batch.ts';
import type { CustomerRequest } from '../domain/customer-request.ts';
import { isProblem, type Problem } from '../domain/problem.ts';
import type { Reply } from '../domain/source.ts';
import type { Tenant } from '../domain/tenant.ts';
import { inOrder } from './in-order.ts';
import { messageOf } from './problems.ts';
import { ageOf } from './reply.ts';

/** What a batch is answered with. */
export interface BatchOptions {
  readonly tenant: Tenant;
  readonly requestId: string;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** Answers one customer, without a coding. */
  readonly ask: (request: CustomerRequest) => Promise<Reply>;
  /** The problem that an error is told as. */
  readonly problemFor: (error: unknown) => Problem;
}

/** The JSON of one customer but for its braces: what leads to some bytes that are there already, and those. */
interface Part {
  readonly head: string;
  readonly bytes: Buffer;
}

/** A customer as read, or what is wrong with it; shared by all places of a batch that want the same. */
interface Task {
  readonly reading: CustomerRequest | Problem;
  /** The places that have not taken its part. */
  waiting: number;
  part?: Promise<Part> | undefined;
}

/** So many customers of a batch are asked for, or wait to be sent, at a time. */
const AHEAD = 16;

/** Yields the body piece by piece. Never fails: what fails is told in the place of the customer. */
export async function* batchBody(
  customers: readonly unknown[],
  options: BatchOptions,
): AsyncGenerator<Buffer, void> {
  const tasks = tasksFor(customers, options);
  let before = '{"customers":[{';
  for await (const { head, bytes } of inOrder(tasks, (task) => take(task, options), AHEAD)) {
    yield Buffer.from(before + head);
    yield bytes;
    before = '},{';
  }
  yield Buffer.from('}]}');
}

/** All are read by one present, so that equal ranges are one. */
function tasksFor(customers: readonly unknown[], options: BatchOptions): readonly Task[] {
  const reading = { tenant: options.tenant, now: options.now() };
  const byName = new Map<string, Task>();
  return customers.map((customer) => {
    try {
      const request = readBatchCustomer(customer, reading);
      const name = batchCustomerName(request);
      const task = byName.get(name) ?? { reading: request, waiting: 0 };
      byName.set(name, task);
      task.waiting += 1;
      return task;
    } catch (error) {
      return { reading: options.problemFor(error), waiting: 1 };
    }
  });
}

/** The part, which is held no longer than a place still waits for it: those of a whole batch may be large. */
function take(task: Task, options: BatchOptions): Promise<Part> {
  const part = task.part ?? answer(task.reading, options);
  task.waiting -= 1;
  task.part = task.waiting > 0 ? part : undefined;
  return part;
}

async function answer(
  reading: CustomerRequest | Problem,
  { requestId, now, ask, problemFor }: BatchOptions,
): Promise<Part> {
  if (isProblem(reading)) return refusal(reading, requestId);
  try {
    const { representation, instants } = await ask(reading);
    const age = ageOf(instants, now());
    return { head: `"status":200,"age":${age},"body":`, bytes: representation.body };
  } catch (error) {
    return refusal(problemFor(error), requestId);
  }
}

/** What only a header says of a problem alone stands beside it here. */
function refusal(problem: Problem, requestId: string): Part {
  const { status, retryAfterSeconds } = problem;
  const retryAfter = retryAfterSeconds === undefined ? '' : `"retryAfter":${retryAfterSeconds},`;
  const { body } = messageOf(problem, requestId);
  return { head: `"status":${status},${retryAfter}"problem":`, bytes: body };
}
