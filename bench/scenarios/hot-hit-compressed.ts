// A hot hit for a caller who accepts br and gzip, against the caches of nginx and varnish.
import type { Bench } from '../harness/bench.ts';
import { expectReply, isFromCache } from '../harness/expect.ts';
import { HOT_PATH, loadHot, startHotService } from '../harness/hot-answer.ts';
import { inTurn } from '../harness/measure.ts';
import { startBareFastify, startNginx, startVarnish } from '../harness/peers.ts';
import type { Server } from '../harness/processes.ts';
import { CREDENTIAL } from '../harness/service.ts';
import { bestOf, ratioRows, throughputRow } from '../harness/throughput.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const hotHitCompressed: Scenario = {
  name: 'hot-hit-compressed',
  title:
    'a hit in memory with Accept-Encoding: br, gzip, against nginx proxy_cache with gzip on (one worker) and varnish with gzip; one core each',
  run: compare,
};

const ACCEPT = { 'accept-encoding': 'br, gzip' };
const OURS = 'ours';
const BARE = 'bare Fastify with the same short bytes';

async function compare(bench: Bench): Promise<readonly Row[]> {
  const ours = await startHotService(bench);
  const { origin } = await startBareFastify(bench, ours.body, 'load');
  const servers = new Map<string, Server>([[OURS, ours]]);
  const rows: Row[] = [];
  if (bench.has('nginx')) servers.set('nginx', await startNginx(bench, { origin, gzip: 'on' }));
  else rows.push({ name: 'against nginx', leftOut: 'nginx is not installed' });
  if (bench.has('varnishd')) servers.set('varnish', await startVarnish(bench, origin));
  else rows.push({ name: 'against varnish', leftOut: 'varnish is not installed' });

  const sizes: Row[] = [];
  let bytes = ours.body;
  for (const [name, server] of servers) {
    const { body } = await expectReply(
      `${server.origin}${HOT_PATH}`,
      { ...CREDENTIAL, ...ACCEPT },
      {
        bytes: ours.body,
        isAsWanted: (asked) =>
          asked.headers['content-encoding'] !== undefined && (name === OURS || isFromCache(asked)),
      },
    );
    if (name === OURS) bytes = body;
    sizes.push({ name: `${name}, a reply`, figure: body.length / 1000, unit: 'kB' });
  }

  servers.set(BARE, await startBareFastify(bench, bytes));
  const rounds = await inTurn(
    bench,
    Object.fromEntries(
      [...servers].map(([name, server]) => [name, () => loadHot(bench, server, ACCEPT)]),
    ),
  );
  rows.push(...Object.entries(rounds).map(([name, found]) => throughputRow(name, found)));
  const { [OURS]: ours_ = [], [BARE]: bare = [], ...peers } = rounds;
  if (Object.keys(peers).length === 0) return [...rows, ...sizes];
  const theirs = bestOf(Object.values(peers));
  return [
    ...ratioRows('against the better peer', { ours: ours_, theirs }, { atLeast: 1 }),
    ...ratioRows(`${BARE}, against the better peer`, { ours: bare, theirs }),
    ...rows,
    ...sizes,
  ];
}
