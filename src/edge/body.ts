// Request bodies: JSON in UTF-8, read so that no member is lost or poisonous.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isJsonObject, type JsonObject } from '../domain/json-object.ts';
import { invalidRequest, Problem } from '../domain/problem.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** Accepts `application/json` alone. An absent body is `{}`. */
export function acceptJsonBodies(server: FastifyInstance): void {
  // Fails on keys that would reach an object's prototype.
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request: FastifyRequest, bytes: Buffer, done) => {
      if (!isPlainUtf8(request)) return done(new Problem('unsupported-media-type'));
      if (bytes.length === 0) return done(null, {});
      const text = decode(bytes);
      if (text === undefined) return done(invalidBody('The body is not UTF-8.'));
      void parseJson(request, text, (error, value) => {
        if (error) return done(invalidBody('The body is not JSON, or has forbidden keys.'));
        if (!isJsonObject(value)) return done(invalidBody('The body is not a JSON object.'));
        if (hasRepeatedKeys(text)) return done(invalidBody('A key of the body is given twice.'));
        done(null, value);
      });
    },
  );
  server.addHook('onRequest', (request, _reply, done) => {
    // RFC 10008 §2 wants a Content-Type where there is content; Fastify wants one always.
    if (request.method === 'QUERY' && !hasContent(request)) {
      request.headers = { 'content-type': 'application/json' };
    }
    done();
  });
}

/** The parsed body of a request; `{}` where there was none. */
export function bodyOf(request: FastifyRequest): JsonObject {
  return isJsonObject(request.body) ? request.body : {};
}

/** True if a key stands twice in one object: parsing would silently keep the last one. */
function hasRepeatedKeys(json: string): boolean {
  const outer: Set<string>[] = [];
  let keys = new Set<string>();
  let last = '';
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}:]/g)) {
    if (token === '{') {
      outer.push(keys);
      keys = new Set();
    } else if (token === '}') {
      keys = outer.pop() ?? keys;
    } else if (token === ':') {
      const key = String(JSON.parse(last));
      if (keys.has(key)) return true;
      keys.add(key);
    }
    last = token;
  }
  return false;
}

function isPlainUtf8({ headers }: FastifyRequest): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1];
  const coding = headers['content-encoding'];
  return (
    (charset === undefined || /^utf-?8$/i.test(charset)) &&
    (coding === undefined || coding.toLowerCase() === 'identity')
  );
}

function hasContent({ headers }: FastifyRequest): boolean {
  return (
    headers['content-type'] !== undefined ||
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] ?? '0') !== '0'
  );
}

function decode(bytes: Buffer): string | undefined {
  try {
    return UTF_8.decode(bytes);
  } catch {
    return undefined;
  }
}

function invalidBody(detail: string): Problem {
  return invalidRequest({ parameter: 'body', code: 'body-invalid', detail });
}
