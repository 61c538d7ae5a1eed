// /v1/customer/export: the whole history of one customer as a stream.
import type { FastifyInstance } from 'fastify';
import type { CustomerQuery } from '../../domain/customer-query.ts';
import { EXPORT_PARAMETERS, readCustomerRequest } from '../../domain/customer-request.ts';
import type { ExportPart } from '../../domain/history.ts';
import { Problem } from '../../domain/problem.ts';
import type { Source } from '../../domain/source.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { admit, contextOf } from '../admission.ts';
import { codedStream } from '../coded-stream.ts';
import { chooseFormat, type ExportFormat } from '../export-formats.ts';
import { parametersOf } from '../parameters.ts';

interface ExportRouteOptions {
  readonly exports: Source<CustomerQuery, AsyncIterable<ExportPart>>;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly now: () => number;
}

const KNOWN = new Set<string>(EXPORT_PARAMETERS);

/** GET, POST and QUERY are one operation. */
export function registerExport(server: FastifyInstance, options: ExportRouteOptions): void {
  const { exports, tenants, now } = options;
  server.route({
    url: '/customer/export',
    method: ['GET', 'POST', 'QUERY'],
    handler: async (request, reply) => {
      const parameters = parametersOf(request);
      const { caller, tenant } = admit(request, parameters, { tenants, scope: 'export' });
      const { query, fields } = readCustomerRequest(parameters, {
        tenant,
        now: now(),
        known: KNOWN,
      });
      const createFormat = chooseFormat(request.headers.accept);
      if (createFormat === undefined) throw new Problem('not-acceptable');
      request.trail.strategy = query.identity.by;
      const context = contextOf(request, caller, fields);
      const { coding } = context.view;
      const format = createFormat(context.view);
      const parts = await exports(query, context);
      if (coding) reply.header('content-encoding', coding);
      return reply
        .header('content-type', format.contentType)
        .send(codedStream(bodyOf(parts, format), coding));
    },
  });
}

async function* bodyOf(
  parts: AsyncIterable<ExportPart>,
  format: ExportFormat,
): AsyncGenerator<Buffer, void> {
  if (format.head) yield Buffer.from(format.head);
  for await (const part of parts) {
    yield Buffer.from('gaps' in part ? format.end(part) : format.rows(part));
  }
}
