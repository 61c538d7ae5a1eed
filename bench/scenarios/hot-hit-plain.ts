// A hot hit without compression, against the cache of nginx.
import type { Bench } from '../harness/bench.ts';
import { expectReply, isFromCache } from '../harness/expect.ts';
import { HOT_PATH, loadHot, startHotService } from '../harness/hot-answer.ts';
import { inTurn } from '../harness/measure.ts';
import { startBareFastify, startNginx } from '../harness/peers.ts';
import { CREDENTIAL } from '../harness/service.ts';
import { ratioRows, throughputRow } from '../harness/throughput.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const hotHitPlain: Scenario = {
  name: 'hot-hit-plain',
  title:
    'a hit in memory without compression, against nginx proxy_cache (one worker), which checks no credential, counts no quota and normalizes nothing; one core each',
  run: compare,
};

async function compare(bench: Bench): Promise<readonly Row[]> {
  if (!bench.has('nginx')) return [{ name: 'against nginx', leftOut: 'nginx is not installed' }];
  const ours = await startHotService(bench);
  const { origin } = await startBareFastify(bench, ours.body, 'load');
  const nginx = await startNginx(bench, { origin, gzip: 'off' });
  await expectReply(`${nginx.origin}${HOT_PATH}`, CREDENTIAL, {
    bytes: ours.body,
    isAsWanted: isFromCache,
  });

  const bare = await startBareFastify(bench, ours.body);
  const rounds = await inTurn(bench, {
    ours: () => loadHot(bench, ours),
    bare: () => loadHot(bench, bare),
    nginx: () => loadHot(bench, nginx),
  });
  return [
    ...ratioRows('against nginx', { ours: rounds.ours, theirs: rounds.nginx }, { atLeast: 0.5 }),
    ...ratioRows('bare Fastify, against nginx', { ours: rounds.bare, theirs: rounds.nginx }),
    throughputRow('ours', rounds.ours),
    throughputRow('nginx', rounds.nginx),
  ];
}
