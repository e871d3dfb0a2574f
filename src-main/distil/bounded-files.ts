/** Files of one kind in a folder that outlives jobs: the oldest go where all together take too much. */

import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** @param kept a name that stays whatever it takes */
export function boundFiles(folder: string, isOurs: (name: string) => boolean, mostBytes: number, kept: string): void {
  const files = readdirSync(folder)
    .filter((name) => isOurs(name) && name !== kept)
    .map((name) => ({ path: join(folder, name), ...sizeOf(join(folder, name)) }))
    .sort((a, b) => b.modifiedAt - a.modifiedAt);
  let bytes = sizeOf(join(folder, kept)).bytes;
  for (const file of files) {
    bytes += file.bytes;
    if (bytes > mostBytes) rmSync(file.path, { force: true });
  }
}

/** Another job may have removed it. */
function sizeOf(path: string): { bytes: number; modifiedAt: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  return { bytes: found?.size ?? 0, modifiedAt: found?.mtimeMs ?? 0 };
}
