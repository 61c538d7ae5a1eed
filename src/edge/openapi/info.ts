// What the documentation says about the whole: the way in, and what holds for every operation.
import project from '../../../package.json' with { type: 'json' };
import { PROBLEMS, type ProblemSlug } from '../../domain/problem.ts';

/** Problems of operations that this version does not have. */
const UNUSED: ReadonlySet<ProblemSlug> = new Set(['store-unavailable']);

/** The problems that this version can answer with. */
const USED_PROBLEMS = (Object.keys(PROBLEMS) as ProblemSlug[]).filter((slug) => !UNUSED.has(slug));

const PROBLEM_TABLE = [
  '| status | type | meaning |',
  '|---|---|---|',
  ...USED_PROBLEMS.map((slug) => {
    const { status, title } = PROBLEMS[slug];
    return `| ${status} | [\`${slug}\`](/problems/${slug}) | ${title} |`;
  }),
].join('\n');

const DESCRIPTION = `One small, cached, rate-limited endpoint in front of the Customer 360 API of 8x8.

## Credentials
Each app has a key, \`c360_<app>_<43 characters>\`. It is sent as \`Authorization: Bearer <key>\` or as \`X-App-Key: <key>\`, not both, and never in a URL. What an app may ask is given by its tenants and scopes.

## Values
JSON in UTF-8. Times are ISO-8601 in UTC with milliseconds. What is unknown is \`null\`, and a list without items is empty. Enumerations are in lower case; values that 8x8 adds pass through. A later version may add fields: ignore those you do not know.

## Keeping answers
An answer may be kept for as long as \`Cache-Control\` says; \`Age\` tells how old it is. Send its \`ETag\` as \`If-None-Match\`, and an unchanged customer is a \`304\` without a body.

## Complete histories
8x8 gives 50 interactions at a time. With \`history=complete\` the range is asked for part by part until nothing is missing, and what is had is kept, so that asking again costs little. \`complete: false\` with \`gaps\` says where something may be missing; asking again goes on there. Pages are told apart by cursors: what comes in while you read shifts nothing.

## Quota
Every authenticated request counts, except those refused with 429: one each, a batch one for each of its customers, a timeline one for each of its identities, summaries one for every 50 ids, also where they are included in a page of a history. \`RateLimit\` says what is left. Credentials that fail count against the address that they come from.

## Browsers
Origins that are configured for an app may call \`/v1\` (CORS), without cookies.

## Metrics
Prometheus metrics are on the operations port, not here.

## Problems
Every error is \`application/problem+json\` (RFC 9457). A problem repeats no value of the request.

${PROBLEM_TABLE}
`;

/** The `info` of the document. */
export const INFO = {
  title: 'Customer 360 BFF',
  version: project.version,
  summary: 'A customer’s interactions, insights and transcript summaries.',
  description: DESCRIPTION,
  license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
};
