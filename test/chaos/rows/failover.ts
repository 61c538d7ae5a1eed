// A master of Redis is lost, or hangs, and a replica of it takes over.
import type { Row } from '../row.ts';
import type { FailoverRedis, TopologyName } from '../topology.ts';

type Play = (redis: FailoverRedis) => Promise<() => Promise<void>>;

/** One row for each kind of Redis that has replicas, and one for a master that hangs. */
export const FAILOVER_ROWS: readonly Row[] = [
  row('sentinel-failover', 'the master of all keys is killed', kill),
  row('cluster-failover', 'the master of a third of the keys is killed', kill),
  row(
    'cluster-hanging',
    'the master of a third of the keys is stopped (SIGSTOP), and goes on at the end',
    async (redis) => {
      const hanging = await redis.pauseMaster?.();
      if (hanging === undefined) throw new TypeError('No master can be made to hang.');
      return hanging.resume;
    },
  ),
];

async function kill(redis: FailoverRedis): Promise<() => Promise<void>> {
  const lost = await redis.killMaster();
  return lost.comeBack;
}

/** It ends alone: the replica takes over. The name begins with the kind of Redis. */
function row(name: `${TopologyName}-${string}`, about: string, play: Play): Row {
  const [topology] = name.split('-') as [TopologyName];
  return {
    name,
    about,
    kind: 'redis',
    topology,
    endsAlone: true,
    async begin(world) {
      const { failover } = world.topology;
      if (failover === undefined) throw new TypeError(`${name} needs a Redis with replicas.`);
      const end = await play(failover);
      return {
        async end() {
          await end();
          return [];
        },
      };
    },
  };
}
