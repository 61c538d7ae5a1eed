// What Linux tells of a process and all that it has started: memory and processor time, from /proc.
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';

/** The memory of a process and its children. */
export interface Resident {
  readonly nowBytes: number;
  /** The sum of each one's own highest. */
  readonly highestBytes: number;
}

/** The resident memory of a process and all that it has started. */
export async function residentBytes(pid: number): Promise<Resident> {
  let nowBytes = 0;
  let highestBytes = 0;
  for (const member of await processTree(pid)) {
    const status = await readFile(`/proc/${member}/status`, 'utf8');
    nowBytes += kibibytes(status, 'VmRSS') * 1024;
    highestBytes += kibibytes(status, 'VmHWM') * 1024;
  }
  return { nowBytes, highestBytes };
}

/** The processor time (seconds) that each process of the tree has used, by its id. Empty where there is no `/proc`. */
export async function processorSeconds(pid: number): Promise<Map<number, number>> {
  if (process.platform !== 'linux') return new Map();
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const used = new Map<number, number>();
  for (const member of await processTree(pid)) {
    const stat = await readFile(`/proc/${member}/stat`, 'utf8');
    // The name, the second field, may hold spaces; user and system time are the 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    used.set(member, (Number(fields[11]) + Number(fields[12])) / ticksPerSecond);
  }
  return used;
}

async function processTree(pid: number): Promise<number[]> {
  const members = [pid];
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const children = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8');
    for (const child of children.split(' ').filter((text) => text !== '')) {
      members.push(...(await processTree(Number(child))));
    }
  }
  return members;
}

function kibibytes(status: string, name: string): number {
  const [, count = '0'] = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status) ?? [];
  return Number(count);
}
