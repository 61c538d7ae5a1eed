// The layer that turns a kept answer into the bytes for one app: fields, hidden fields, content coding.
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { CustomerQuery } from '../domain/customer-query.ts';
import { isWhole, selectHistory, selectionName, selectTimeline } from '../domain/customer-view.ts';
import { type HistoryQuery, historyFrom, type Position } from '../domain/history.ts';
import type { Coding, Layer, Reply, Representation, View } from '../domain/source.ts';
import { type SummariesQuery, summariesAnswer } from '../domain/summaries.ts';
import { type TimelineQuery, timelineFrom } from '../domain/timeline.ts';
import type { HeldPage } from './complete-history.ts';
import { type Entry, etagOf, ownBytes } from './entry.ts';
import { createFieldSelector, type FieldSelector } from './field-selector.ts';
import type { Held } from './flight.ts';
import type { HeldSummaries } from './summary-cache.ts';
import type { HeldTimeline } from './timeline.ts';

const BROTLI_QUALITY = 5;

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);

const compress: Readonly<Record<Coding, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) =>
    brotliAsync(body, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      },
    }),
  gzip: (body) => gzipAsync(body),
};

/** Makes each representation once an entry, when it is first asked for, and keeps it with the entry. */
export function represent(): Layer<CustomerQuery, Held, Reply> {
  const select = createFieldSelector();
  return (next) => async (query, context) => {
    const { entry, provenance } = await next(query, context);
    const made = representationOf(entry, context.view, select);
    const representation = made instanceof Promise ? await made : made;
    return { representation, instants: entry.instants, provenance };
  };
}

/** Makes the reply to a query for summaries. They are kept by id, so the reply is made for each request. */
export function representSummaries(): Layer<SummariesQuery, HeldSummaries, Reply> {
  return (next) => async (query, context) => {
    const { results, instants, provenance } = await next(query, context);
    const { coding } = context.view;
    const representation = await encodeJson(summariesAnswer(query, results), coding);
    return { representation, instants, provenance };
  };
}

/** Makes the reply to a page of a history. Pages are made for each request: what they are made of is kept. */
export function representHistory(
  seal: (query: HistoryQuery, after: Position) => string,
): Layer<HistoryQuery, HeldPage, Reply> {
  return (next) => async (query, context) => {
    const { page, instants, provenance } = await next(query, context);
    const history = historyFrom(query, page, page.next && seal(query, page.next));
    const { view } = context;
    const shown = isWhole(view) ? history : selectHistory(history, view);
    return { representation: await encodeJson(shown, view.coding), instants, provenance };
  };
}

/** Makes the reply to a page of a timeline, for each request. */
export function representTimeline(
  seal: (query: TimelineQuery, after: Position) => string,
): Layer<TimelineQuery, HeldTimeline, Reply> {
  return (next) => async (query, context) => {
    const { page, instants, provenance } = await next(query, context);
    const timeline = timelineFrom(query, page, page.next && seal(query, page.next));
    const { view } = context;
    const shown = isWhole(view) ? timeline : selectTimeline(timeline, view);
    return { representation: await encodeJson(shown, view.coding), instants, provenance };
  };
}

function encodeJson(value: object, coding: Coding | null): Promise<Representation> {
  return encode(Buffer.from(JSON.stringify(value)), coding);
}

/** The bytes of a body in a coding, with the tag that stands for exactly these bytes. */
async function encode(body: Buffer, coding: Coding | null): Promise<Representation> {
  const bytes = coding === null ? body : ownBytes(await compress[coding](body));
  return { body: bytes, etag: etagOf(bytes), coding };
}

/** The whole answer without a coding is the entry itself. */
function representationOf(
  entry: Entry,
  view: View,
  select: FieldSelector,
): Representation | Promise<Representation> {
  const { body, etag } = entry;
  if (view.coding === null && isWhole(view)) return { body, etag, coding: null };
  const name = `${view.coding ?? ''}-${selectionName(view)}`;
  return entry.representations.getOrMake(name, () => make(entry, view, select));
}

async function make(entry: Entry, view: View, select: FieldSelector): Promise<Representation> {
  if (view.coding !== null) {
    const plain = await representationOf(entry, { ...view, coding: null }, select);
    return encode(plain.body, view.coding);
  }
  const { buffer, byteOffset, byteLength } = await select(entry.body, view);
  return encode(ownBytes(Buffer.from(buffer, byteOffset, byteLength)), null);
}
