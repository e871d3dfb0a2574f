/** What a test does as a user whom the system's permissions bind, since root may write anywhere. */

import { chmodSync, mkdirSync } from 'node:fs';

/** "nobody" on Linux, and on macOS a number that nobody has. */
const nobody = 65_534;

/** Runs `work` as another user where this process is root's; modules that it needs must be loaded already. */
export async function withoutRoot<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

/** A folder at `path` that any user may read and none but root may write into; the one above it is opened to others. */
export function lockedFolder(above: string, path: string): void {
  chmodSync(above, 0o755);
  mkdirSync(path, { mode: 0o555 });
}
