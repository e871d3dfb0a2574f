/** Files and folders that appear whole or not at all: written beside their place, synced, renamed. */

import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { diskError, errorCode, LatheError } from '../contract';
import { unfinishedName } from '../onnx/file/unfinished';

const unfinishedSuffix = '.unfinished';

/** Replaces `path` by `text` in one step; a kill at any moment leaves the old file or the new one. */
export async function writeWholeFile(path: string, text: string | Uint8Array): Promise<void> {
  const unfinished = join(dirname(path), unfinishedName(basename(path)));
  try {
    await withFile(unfinished, 'wx', async (file) => {
      await file.writeFile(text);
      await file.sync();
    });
    await renamePatiently(unfinished, path);
    await syncFolder(dirname(path));
  } catch (thrown) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw diskError(thrown, path);
  }
}

export async function writeWholeJson(path: string, document: unknown): Promise<void> {
  await writeWholeFile(path, `${JSON.stringify(document, null, 2)}\n`);
}

/** Moves a finished folder to its place, which must be free. Both must be on one disk. */
export async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await syncFolder(from);
    await renamePatiently(from, to);
    await syncFolder(dirname(to));
    await syncFolder(dirname(from));
  } catch (thrown) {
    throw diskError(thrown, to);
  }
}

/** @returns the topmost folder that had to be made; undefined where all were there */
export async function makeFolder(path: string): Promise<string | undefined> {
  try {
    return await folderByFolder(resolve(path));
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT')
      throw new LatheError({ who: path, what: 'cannot be made there', next: 'choose another folder', cause: thrown });
    throw diskError(thrown, path);
  }
}

/** Node's own recursive form tries for ever where a file system takes no folders and answers ENOENT (/proc, automounts). */
async function folderByFolder(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (thrown) {
    if (errorCode(thrown) === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    if (errorCode(thrown) !== 'ENOENT' || dirname(path) === path) throw thrown;
    const topmost = await folderByFolder(dirname(path));
    await mkdir(path).catch((again) => {
      if (errorCode(again) !== 'EEXIST') throw again;
    });
    return topmost ?? path;
  }
}

/** Removes `path` and the folders above it up to and with `topmost`, as far as they are empty. */
export async function removeEmptyFolders(path: string, topmost: string): Promise<void> {
  try {
    for (let folder = resolve(path); ; folder = dirname(folder)) {
      await rmdir(folder);
      if (folder === resolve(topmost)) return;
    }
  } catch {
    // Somebody has put something there.
  }
}

/** Removes what a killed writer left in `folder`, of which the caller is the only writer; who waits for its lock writes drafts of it. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const unfinished = names.filter((name) => /^\.(?!lock\.)/.test(name) && name.endsWith(unfinishedSuffix));
  await Promise.all(unfinished.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

/** Makes renames in `folder` survive a power cut. Windows cannot sync a folder, nor needs to. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await withFile(folder, 'r', (file) => file.sync());
}

async function withFile<Result>(
  path: string,
  flags: string,
  use: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, flags);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** On Windows a virus scanner may hold a new file for a moment. */
async function renamePatiently(from: string, to: string): Promise<void> {
  for (let waitMs = 10; ; waitMs *= 2) {
    try {
      return await rename(from, to);
    } catch (thrown) {
      const busy = ['EPERM', 'EBUSY', 'EACCES'].includes(errorCode(thrown));
      if (process.platform !== 'win32' || !busy || waitMs > 1000) throw thrown;
      await delay(waitMs);
    }
  }
}
