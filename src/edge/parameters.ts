// The raw parameters of a request: from the query string of a GET, from the body of a POST or QUERY.
import type { FastifyRequest } from 'fastify';
import { type Parameters, parametersFromBody, parametersFromQuery } from '../domain/parameters.ts';
import { Problem } from '../domain/problem.ts';
import { bodyOf } from './body.ts';

/** @throws {Problem} `invalid-request` if there are parameters in both places */
export function parametersOf(request: FastifyRequest): Parameters {
  const { text } = request.query as { text: string };
  if (request.method === 'GET' || request.method === 'HEAD') return parametersFromQuery(text);
  if (text !== '') {
    const detail = 'With this method all parameters go into the body; the URL has no query string.';
    throw new Problem('invalid-request', {
      errors: [{ parameter: 'body', code: 'parameter-conflict', detail }],
    });
  }
  return parametersFromBody(bodyOf(request));
}
