/** One writer a project: a lock file that a dead writer cannot keep. */

import { randomUUID } from 'node:crypto';
import { constants, readFileSync, unlinkSync } from 'node:fs';
import { copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { diskError, errorCode, LatheError } from '../contract';
import { isAlive, startOf } from '../onnx/file/living-process';

const holderSchema = z.object({
  pid: z.number().int(),
  /** Tells a process from a later one with the same number; null where the system does not tell. */
  startedAt: z.string().nullable(),
  token: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

export interface Lock {
  release(): Promise<void>;
}

/** @throws LatheError `busy` where a living process holds the lock */
export async function takeLock(folder: string): Promise<Lock> {
  const path = join(folder, '.lock');
  const mine: Holder = { pid: process.pid, startedAt: startOf(process.pid), token: randomUUID() };
  const draft = join(folder, `.lock.${mine.token}.unfinished`);
  try {
    await writeFile(draft, JSON.stringify(mine));
    while (!(await placed(draft, path)) && !(await inherited(draft, path)));
  } catch (thrown) {
    throw diskError(thrown, folder);
  } finally {
    await rm(draft, { force: true });
  }
  const onExit = (): void => removeOwn(path, mine.token);
  process.once('exit', onExit);
  return {
    release: async () => {
      process.off('exit', onExit);
      removeOwn(path, mine.token);
    },
  };
}

/** A link appears whole and only where there was nothing. Some disks (FAT) have none: a copy then, whole or not. */
async function placed(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(thrown))) throw thrown;
    return copied(draft, path);
  }
}

async function copied(draft: string, path: string): Promise<boolean> {
  try {
    await copyFile(draft, path, constants.COPYFILE_EXCL);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

/**
 * Takes the place of a dead holder: its heir is whoever places a claim under its name first, and an heir that died before
 * it could move in is followed by its own heir in the same way. Claims go only after the lock has another token than the
 * one they follow, so a claim that is placed while the lock is unchanged is the only one there ever was.
 * @returns false: the lock is another one by now, try again
 */
async function inherited(draft: string, path: string): Promise<boolean> {
  const holder = await readHolder(path);
  if (holder === 'gone') return false;
  const claims: string[] = [];
  for (let last = holder; ; ) {
    if (last !== null && isAlive(last.pid, last.startedAt)) throw busy(path, last);
    const claim = `${path}.${last?.token ?? 'unreadable'}.heir.unfinished`;
    claims.push(claim);
    if (await placed(draft, claim)) break;
    const heir = await readHolder(claim);
    // Unreadable: left half written by a copy, on a disk without links.
    if (heir === null) await rm(claim, { force: true });
    if (heir === null || heir === 'gone') return false;
    last = heir;
  }
  const now = await readHolder(path);
  const unchanged = now !== 'gone' && now?.token === holder?.token;
  if (unchanged) await rename(draft, path);
  for (const claim of unchanged ? claims : claims.slice(-1)) await rm(claim, { force: true });
  return unchanged;
}

/** null: not readable as a lock, which no living Lathe leaves behind. */
async function readHolder(path: string): Promise<Holder | null | 'gone'> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return 'gone';
    throw thrown;
  }
  return parseHolder(text);
}

function parseHolder(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function removeOwn(path: string, token: string): void {
  try {
    if (parseHolder(readFileSync(path, 'utf8'))?.token === token) unlinkSync(path);
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') throw thrown;
  }
}

function busy(path: string, holder: Holder): LatheError {
  return new LatheError({
    who: path.slice(0, -'/.lock'.length),
    what: `the project is open in another Lathe (process ${holder.pid})`,
    next: 'close it there first',
    code: 'busy',
  });
}
