// Connections of several processes to one Redis: each can be cut, and all come to rest together.
import { Redis } from 'ioredis';
import { CHANNEL } from '../../src/cache/messages.ts';
import type { RedisCommands } from '../../src/redis/commands.ts';
import { connectRedis } from '../../src/redis/connection.ts';

/** The ways of one process to Redis, which can be cut. */
interface Site {
  readonly commands: RedisCommands;
  isCut: boolean;
  /** So many messages to come are lost. */
  toLose: number;
  hear: (text: string) => void;
}

/** Connections of some processes to one Redis, for one world after the other. */
export interface Sites {
  readonly list: readonly Site[];
  readonly control: Redis;
  /** Resolves when all commands are answered and all messages heard. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

const MARK = 'mark ';

/** Connects so many processes. */
export async function connectSites(url: string, count: number): Promise<Sites> {
  const control = new Redis(url);
  const activity = { pending: 0, total: 0 };
  let marks = 0;
  let heard = 0;
  let onMark = () => {};
  const connections = await Promise.all(Array.from({ length: count }, () => connect(url)));
  const list = connections.map(({ commands, subscribe }) => {
    const site: Site = { commands: gated(commands), isCut: false, toLose: 0, hear: () => {} };
    function gated(ungated: RedisCommands): RedisCommands {
      const run = async <Result>(command: () => Promise<Result>) => {
        if (site.isCut) throw new Error('cut off');
        activity.pending += 1;
        activity.total += 1;
        return command().finally(() => {
          activity.pending -= 1;
        });
      };
      return {
        hmgetBuffer: (...args) => run(() => ungated.hmgetBuffer(...args)),
        defineScript(script) {
          const runScript = ungated.defineScript(script);
          return (...args) => run(() => runScript(...args));
        },
      };
    }
    subscribe(CHANNEL, (text) => {
      if (!text.startsWith(MARK)) return site.hear(text);
      heard += 1;
      onMark();
    });
    return site;
  });
  while (Number((await control.pubsub('NUMSUB', CHANNEL))[1]) < count) await control.ping();
  const mark = async () => {
    marks += count;
    const { promise, resolve } = Promise.withResolvers<void>();
    onMark = () => heard === marks && resolve();
    await control.publish(CHANNEL, MARK);
    onMark();
    await promise;
  };
  return {
    list,
    control,
    async rest() {
      for (let still = 0; still < 2; ) {
        const { total } = activity;
        await mark();
        still = total === activity.total && activity.pending === 0 ? still + 1 : 0;
      }
    },
    async close() {
      control.disconnect();
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

function connect(url: string) {
  return connectRedis({
    settings: { mode: 'single' },
    urls: [url],
    emit: () => undefined,
    commandTimeoutMs: 30_000,
  });
}
