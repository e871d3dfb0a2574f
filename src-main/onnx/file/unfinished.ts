/** Names for what is being written, which say by whom, so that what a killed process left is told apart and removed. */

import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** A folder may be shared by machines and containers, which count their processes each from the start. */
const host = hostname().replaceAll(/[^A-Za-z0-9]/g, '');

/** The name of a file or folder that will take its place as `name` in the same folder once it is whole. */
export function unfinishedName(name: string): string {
  return `.${name}.${process.pid}-${host}-${randomUUID().slice(0, 8)}.unfinished`;
}

/** Removes from `folder` what processes of this machine that are no longer there were writing. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const entry of await readdir(folder).catch(() => [])) {
    const [, pid, where] = /^\..+\.(\d+)-([A-Za-z0-9]*)-[0-9a-f]{8}\.unfinished$/.exec(entry) ?? [];
    if (pid === undefined || where !== host || isAlive(Number(pid))) continue;
    // What may not be removed is in nobody's way.
    await rm(join(folder, entry), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
