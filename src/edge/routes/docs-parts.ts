// The parts of the documentation: loaded when first asked for, and then the same bytes for all who ask.
import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../domain/problem.ts';

/** One part as it is sent. */
export interface DocsPart {
  /** 200 or 302. */
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Parts of the page by their paths. @throws {Problem} `not-found` */
export type DocsParts = (path: string) => Promise<DocsPart>;

/** Those that speak of a connection, which is another's; and ranges, which are of no use here. */
const DROPPED_HEADERS = ['accept-ranges', 'connection', 'date', 'keep-alive', 'transfer-encoding'];

/** Creates the parts. Nothing of a request but the path reaches the page's own server, which no socket leads to. */
export function createDocsParts(): DocsParts {
  const page = once(async () => (await import('./docs-page.ts')).createDocsPage());
  const parts = new Map<string, Promise<DocsPart>>();
  return (path) => {
    const known = parts.get(path);
    if (known) return known;
    const part = page().then((loaded) => ask(loaded, path));
    parts.set(path, part);
    // Paths that lead nowhere have no end.
    part.catch(() => parts.delete(path));
    return part;
  };
}

/** Makes something when it is first asked for; what could not be made is tried again. */
export function once<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

async function ask(page: FastifyInstance, path: string): Promise<DocsPart> {
  const { statusCode, headers, rawPayload } = await page.inject({ method: 'GET', url: path });
  if (statusCode !== 200 && statusCode !== 302) throw new Problem('not-found');
  const kept = Object.entries(headers).filter(([name]) => !DROPPED_HEADERS.includes(name));
  return { status: statusCode, headers: Object.fromEntries(kept), body: rawPayload };
}
