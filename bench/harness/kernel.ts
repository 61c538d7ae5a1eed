// What Linux tells of a process and all that it has started: memory, from /proc.
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
