// Exports: the whole history as a stream, in two formats, whose last line says that nothing is cut off.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INTERACTION_FIELDS } from '../../src/domain/interaction.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { type Service, startService } from '../support/service.ts';

const BUSY = { tenant: 'acme', email: CUSTOMERS.busy.email };
const DESK = { scopes: ['read', 'export'] };
const ROOM = { desk: DESK, sections: { history: { maxCalls: 500 } } };
const PATH = '/v1/customer/export';

interface Line {
  readonly id: string;
  readonly startedAt: string;
}

interface End {
  readonly end: boolean;
  readonly complete: boolean;
  readonly interactions: number;
  readonly gaps: readonly unknown[];
}

const csv = { headers: { accept: 'text/csv' } };

async function linesOf(reply: Response): Promise<{ rows: readonly Line[]; end: End }> {
  assert.equal(reply.status, 200, await reply.clone().text());
  const text = await reply.text();
  assert.ok(text.endsWith('\n'));
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { rows: lines.slice(0, -1), end: lines.at(-1) };
}

/** Read by the rules of RFC 4180 alone. */
function cellsOf(text: string): readonly (readonly string[])[] {
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(cell)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end !== ',') rows.push([]);
  }
  return rows.slice(0, -1);
}

async function pageThrough(service: Service): Promise<readonly Line[]> {
  const body = { ...BUSY, history: 'complete', limit: 500 };
  const reply = await service.post('/v1/customer', body);
  return ((await reply.json()) as { interactions: readonly Line[] }).interactions;
}

test('an export is the whole history, newest first, with an end', async (t) => {
  const service = await startService(t, ROOM);
  const reply = await service.post(PATH, BUSY);
  assert.equal(reply.headers.get('content-type'), 'application/x-ndjson; charset=utf-8');
  assert.equal(reply.headers.get('cache-control'), 'no-store');
  const { rows, end } = await linesOf(reply);
  assert.deepEqual(end, {
    end: true,
    complete: true,
    interactions: CUSTOMERS.busy.recent,
    gaps: [],
  });
  assert.deepEqual(rows, await pageThrough(service));
});

test('GET, POST and QUERY give the same; other methods are not allowed', async (t) => {
  const service = await startService(t, ROOM);
  const headers = { 'content-type': 'application/json' };
  const query = { method: 'QUERY', headers, body: JSON.stringify(BUSY) };
  const texts = [
    await service.ask(`${PATH}?${new URLSearchParams(BUSY)}`),
    await service.post(PATH, BUSY),
    await service.ask(PATH, query),
  ].map((reply) => reply.text());
  assert.equal(new Set(await Promise.all(texts)).size, 1);
  const refused = await service.ask(PATH, { method: 'PUT' });
  assert.equal(refused.status, 405);
  assert.match(refused.headers.get('allow') ?? '', /GET.*POST.*QUERY/);
});

test('`Accept` chooses the format', async (t) => {
  const service = await startService(t, ROOM);
  const ada = { tenant: 'acme', email: CUSTOMERS.ada.email };
  const rows: readonly (readonly [string, string | null])[] = [
    ['*/*', 'application/x-ndjson'],
    ['', 'application/x-ndjson'],
    ['application/*', 'application/x-ndjson'],
    ['text/csv', 'text/csv'],
    ['TEXT/CSV; header=present', 'text/csv'],
    ['text/*', 'text/csv'],
    ['text/csv;q=0.5, application/x-ndjson', 'application/x-ndjson'],
    ['text/csv, */*;q=0.1', 'text/csv'],
    ['application/x-ndjson;q=0, */*', 'text/csv'],
    ['application/json', null],
    ['text/html, image/*', null],
    ['*/*;q=0', null],
  ];
  for (const [accept, expected] of rows) {
    const reply = await service.post(PATH, ada, { headers: { accept } });
    assert.equal(reply.status, expected ? 200 : 406, accept);
    const type = reply.headers.get('content-type') ?? '';
    assert.equal(type.split(';')[0], expected ?? 'application/problem+json', accept);
    await reply.arrayBuffer();
  }
});

test('CSV has the columns of an answer, lists in a cell, and an end', async (t) => {
  const service = await startService(t, ROOM);
  const text = await (await service.post(PATH, BUSY, csv)).text();
  const [header, ...rows] = cellsOf(text);
  assert.deepEqual(header, INTERACTION_FIELDS);
  assert.deepEqual(rows.at(-1), ['#end', 'true', String(CUSTOMERS.busy.recent)]);
  const interactions = await pageThrough(service);
  const expected = interactions.map((interaction) =>
    Object.values(interaction).map((value) => {
      if (!Array.isArray(value)) return harmless(String(value ?? ''));
      return value.map((item) => item?.name ?? item).join(';');
    }),
  );
  assert.deepEqual(rows.slice(0, -1), expected);
});

const harmless = (text: string) => (/^[=+\-@]/.test(text) ? `'${text}` : text);

test('what an app may not see, or does not ask for, is no column and in no line', async (t) => {
  const service = await startService(t, {
    ...ROOM,
    desk: { ...DESK, hide: ['address', 'topics'] },
  });
  const fields = ['channel', 'topics', 'startedAt'];
  const { rows } = await linesOf(await service.post(PATH, { ...BUSY, fields }));
  assert.deepEqual(Object.keys(rows[0] ?? {}), ['id', 'channel', 'startedAt']);
  const text = await (await service.post(PATH, { ...BUSY, fields }, csv)).text();
  assert.deepEqual(cellsOf(text)[0], ['id', 'channel', 'startedAt']);
  const whole = await (await service.post(PATH, BUSY)).text();
  assert.ok(!whole.includes('"address"') && !whole.includes('"topics"'));
});

test('an export needs its scope, and knows no pages and no summaries', async (t) => {
  const service = await startService(t, { ...ROOM, other: { scopes: ['read'] } });
  const headers = { authorization: `Bearer ${service.keys.other}` };
  assert.equal((await service.post(PATH, BUSY, { headers })).status, 403);
  const more = { history: 'complete', limit: 5, cursor: 'x', include: ['summaries'] };
  const reply = await service.post(PATH, { ...BUSY, ...more });
  assert.equal(reply.status, 400);
  const { errors } = (await reply.json()) as { errors: { parameter: string; code: string }[] };
  assert.deepEqual(
    errors.map(({ parameter, code }) => `${parameter} ${code}`).sort(),
    Object.keys(more)
      .map((name) => `${name} parameter-unknown`)
      .sort(),
  );
});

test('where no more calls may be made, the end says what is missing, and an export goes on', async (t) => {
  const service = await startService(t, {
    desk: DESK,
    sections: { history: { maxCalls: 10 } },
  });
  let known = 0;
  for (let round = 0; ; round += 1) {
    const { rows, end } = await linesOf(await service.post(PATH, BUSY));
    assert.equal(rows.length, end.interactions);
    assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
    assert.ok(end.interactions >= known);
    known = end.interactions;
    assert.equal(end.complete, end.gaps.length === 0);
    if (end.complete) break;
    assert.ok(round < 10);
  }
  assert.equal(known, CUSTOMERS.busy.recent);
});

test('nothing at all is a problem, not an empty export', async (t) => {
  const service = await startService(t, ROOM);
  service.sandbox.faults.set('server-error');
  const reply = await service.post(PATH, BUSY);
  assert.equal(reply.status, 503);
  assert.equal(reply.headers.get('content-type'), 'application/problem+json');
});

test('an export is compressed for those who take it', async (t) => {
  const service = await startService(t, ROOM);
  for (const coding of ['gzip', 'br']) {
    const headers = { 'accept-encoding': coding };
    const reply = await service.post(PATH, BUSY, { headers });
    assert.equal(reply.headers.get('content-encoding'), coding);
    assert.equal((await linesOf(reply)).end.complete, true);
  }
});

test('the calls of an export go behind those of all callers', async (t) => {
  const service = await startService(t, ROOM);
  await linesOf(await service.post(PATH, BUSY));
  const priorities = service.events.of('upstream-call').map(({ priority }) => priority);
  assert.deepEqual([...new Set(priorities)], ['export']);
});
