/** Names for what is being written, which say by whom, so that what a killed process left is told apart and removed. */

import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive, startOf } from './living-process';

/** A folder may be shared by machines and containers, which count their processes each from the start. */
const host = hostname().replaceAll(/[^A-Za-z0-9]/g, '');

const ownStart = startOf(process.pid) ?? 'unknown';

/** The name of a file or folder that will take its place as `name` in the same folder once it is whole. */
export function unfinishedName(name: string): string {
  return `.${name}.${process.pid}-${ownStart}-${host}-${randomUUID().slice(0, 8)}.unfinished`;
}

const pattern = /^\..+\.(\d+)-(?:(\d+)|unknown)-([A-Za-z0-9]*)-[0-9a-f]{8}\.unfinished$/;

/** Removes from `folder` what processes of this machine that are no longer there were writing. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const entry of await readdir(folder).catch(() => [])) {
    const [, pid, start, where] = pattern.exec(entry) ?? [];
    if (pid === undefined || where !== host || isAlive(Number(pid), start ?? null)) continue;
    // What may not be removed is in nobody's way. A process that the dead one began may be writing for a moment yet.
    await rm(join(folder, entry), { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}
