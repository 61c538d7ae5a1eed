// The source of timelines: the histories of several identities at once, merged.

import type { CustomerQuery } from '../domain/customer-query.ts';
import { joinInstants } from '../domain/freshness.ts';
import { isProblem, type Problem } from '../domain/problem.ts';
import type { Context, Source } from '../domain/source.ts';
import {
  type Found,
  type TimelinePage,
  type TimelineQuery,
  timelinePage,
} from '../domain/timeline.ts';
import type { HistoryOptions } from './complete-history.ts';
import { needOf } from './history-need.ts';
import { gapsOfAll, readAll } from './history-page.ts';
import { joinProvenances, type Provided, readEvents } from './provenance.ts';
import { type ReadHistory, readHistory } from './read-history.ts';

/** A page, as fresh as the oldest part of any of the histories. */
export interface HeldTimeline extends Provided {
  readonly page: TimelinePage;
}

/** Creates the source. An identity that cannot be had is a gap. @throws {Problem} if none of them can be had */
export function createTimeline(options: HistoryOptions): Source<TimelineQuery, HeldTimeline> {
  const { books, histories, maxCalls, now, emit } = options;

  const read = (query: CustomerQuery, at: number, context: Context) => {
    const need = needOf(query, { at, now, refresh: context.refresh, maxCalls });
    return readHistory<Found>(need, context, {
      histories,
      now,
      read: (needed, held) => readAll(needed, held, { books, now: now() }),
    }).catch((error: unknown) => {
      if (!isProblem(error)) throw error;
      return { problem: error, gaps: gapsOfAll(need, now()) };
    });
  };

  return async ({ queries, page }, context) => {
    const at = page.firstAt ?? now();
    const all = await Promise.all(queries.map((query) => read(query, at, context)));
    const had = all.filter((each): each is ReadHistory<Found> => 'result' in each);
    const [failed] = all.filter((each): each is Failed => 'problem' in each);
    if (failed && had.length === 0) throw failed.problem;
    const found = all.map((each) =>
      'result' in each ? each.result : { interactions: [], gaps: each.gaps },
    );
    for (const event of readEvents('history', had, now())) emit(event);
    const instants = joinInstants(had.map((each) => each.instants));
    return {
      page: timelinePage(found, page),
      instants: failed ? { ...instants, staleAt: instants.fetchedAt } : instants,
      provenance: joinProvenances(had.map((each) => each.provenance)),
    };
  };
}

interface Failed {
  readonly problem: Problem;
  readonly gaps: Found['gaps'];
}
