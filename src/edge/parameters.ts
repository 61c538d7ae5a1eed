// The raw parameters of a request: from the query string of a GET, from the body of a POST or QUERY.
import type { FastifyRequest } from 'fastify';
import { type Parameters, parametersFromBody, parametersFromQuery } from '../domain/parameters.ts';
import { bodyOf } from './body.ts';

/** Parameters in the wrong place are no reason to read the others less strictly: the domain tells of both. */
export function parametersOf(request: FastifyRequest, readQuery = parametersFromQuery): Parameters {
  const { text } = request.query as { text: string };
  if (request.method === 'GET' || request.method === 'HEAD') return readQuery(text);
  return parametersFromBody(bodyOf(request), { isSplit: text !== '' });
}
