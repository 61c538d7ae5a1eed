// What the first process and its workers say to each other. Whatever else arrives is not for us.
import { z } from 'zod';
import { metricsSnapshot } from '../telemetry/metric-sums.ts';

const questionSchema = z.enum(['degraded', 'metrics']);

const orderSchema = z.discriminatedUnion('type', [
  /** Serve, with these files as they were read and this secret (base64url) where one is drawn. */
  z.object({
    type: z.literal('serve'),
    files: z.record(z.string(), z.string()),
    secret: z.string(),
  }),
  z.object({ type: z.literal('tell'), what: questionSchema }),
  /** Finish, and end. */
  z.object({ type: z.literal('drain'), delayMs: z.number(), graceMs: z.number() }),
]);

const reportSchema = z.discriminatedUnion('type', [
  /** Ready to be told to serve. */
  z.object({ type: z.literal('started') }),
  z.object({ type: z.literal('listening'), origin: z.string() }),
  /** The callers' port cannot be had; `words` say why. */
  z.object({ type: z.literal('refused'), words: z.string() }),
  z.object({ type: z.literal('degraded'), degraded: z.array(z.string()) }),
  z.object({ type: z.literal('metrics'), metrics: metricsSnapshot }),
]);

/** What a worker can be asked for; its report has the same name. */
export type Question = z.infer<typeof questionSchema>;

/** From the first process to a worker. */
export type Order = z.infer<typeof orderSchema>;

/** From a worker to the first process. */
export type Report = z.infer<typeof reportSchema>;

/** A message as an order; undefined if it is none. */
export function readOrder(message: unknown): Order | undefined {
  return orderSchema.safeParse(message).data;
}

/** A message as a report; undefined if it is none. */
export function readReport(message: unknown): Report | undefined {
  return reportSchema.safeParse(message).data;
}
