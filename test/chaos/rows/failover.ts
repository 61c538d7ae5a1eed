// A master of Redis is lost, and a replica of it takes over.
import type { Row } from '../row.ts';

/** One row for each kind of Redis that has replicas. */
export const FAILOVER_ROWS: readonly Row[] = (['sentinel', 'cluster'] as const).map((topology) => ({
  name: `${topology}-failover`,
  about: `the master of ${topology === 'cluster' ? 'a third of the keys' : 'all keys'} is killed`,
  kind: 'redis',
  topology,
  endsAlone: true,
  async begin(world) {
    const lost = await world.topology.failover?.killMaster();
    return {
      async end() {
        await lost?.comeBack();
        return [];
      },
    };
  },
}));
