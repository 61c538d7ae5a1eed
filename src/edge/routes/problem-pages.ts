// /problems/<slug>: what a type of problem means, for a person.
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { PROBLEMS, Problem, type ProblemSlug } from '../../domain/problem.ts';
import { FAULT_MEANINGS } from '../openapi/fault-codes.ts';

const STYLE = `
body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
code { padding: 0 .25em; background: #8882; }
dt { margin-top: .75rem; }
:root { color-scheme: light dark; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Serves a page for each type of problem, and a list of them at `/problems`. */
export function registerProblemPages(server: FastifyInstance): void {
  const slugs = Object.keys(PROBLEMS) as ProblemSlug[];
  const list = listPage(slugs);
  const pages = new Map<string, string>(slugs.map((slug) => [slug, problemPage(slug)]));

  server.get('/problems', async (_request, reply) => send(reply, list));
  server.get<{ Params: { slug: string } }>('/problems/:slug', async (request, reply) => {
    const html = pages.get(request.params.slug);
    if (html === undefined) throw new Problem('not-found');
    return send(reply, html);
  });
}

function send(reply: FastifyReply, html: string): FastifyReply {
  return reply.headers(HEADERS).send(html);
}

function listPage(slugs: readonly ProblemSlug[]): string {
  const items = slugs.map((slug) => {
    const { status, title } = PROBLEMS[slug];
    return `<li>${status} <a href="/problems/${slug}">${marked(title)}</a></li>`;
  });
  return page('Problems', `<ul>\n${items.join('\n')}\n</ul>`);
}

function problemPage(slug: ProblemSlug): string {
  const { status, title, explanation } = PROBLEMS[slug];
  const parts = [
    `<p>Status ${status}, type <code>/problems/${slug}</code></p>`,
    `<p>${marked(explanation)}</p>`,
    ...(slug === 'invalid-request' ? [faultList()] : []),
    '<p><a href="/problems">All problems</a></p>',
  ];
  return page(title, parts.join('\n'));
}

function faultList(): string {
  const items = Object.entries(FAULT_MEANINGS).map(
    ([code, meaning]) => `<dt><code>${code}</code></dt>\n<dd>${marked(meaning)}</dd>`,
  );
  return `<h2>Codes in <code>errors</code></h2>\n<dl>\n${items.join('\n')}\n</dl>`;
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${marked(title)} - Customer 360 BFF</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${marked(title)}</h1>
${content}
<p><a href="/docs">Documentation</a></p>
</body>
</html>
`;
}

/** Escapes a text for HTML and shows what stands in backticks as code. */
function marked(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped.replace(/`([^`]+)`/g, '<code>$1</code>');
}
