/**
 * What passes over calibration samples found, kept in a folder that outlives the job: a variant with another calibrator
 * or other types needs no run of the model, and a pass that was interrupted goes on where it stopped.
 *
 * A file a pass, named by all that its numbers depend on. It appears whole or not at all.
 */

import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { removeAbandoned, unfinishedName } from '../onnx/file';

const suffix = '.statistics';

/** Raised whenever the numbers in a file change their meaning. */
const format = 1;

/** A pass with more to keep (Hessians of wide layers) is done anew. */
const largestPass = 2 ** 28;

/** Files of older passes leave when the folder holds more. */
const largestFolder = 2 ** 30;

/** Share of a pass's time that keeping it may take. */
const share = 0.05;

/** What an observer holds, as numbers that it takes back. */
export interface Keepable {
  /** What it asks of the model, in words. */
  readonly key: string;
  state(): Float64Array;
  restore(state: Float64Array): void;
}

interface Saved {
  readonly format: number;
  /** Samples that were seen. */
  readonly done: number;
  readonly states: readonly Float64Array[];
}

/** The file of one pass. */
export class SavedPass {
  readonly #folder: string;
  readonly #path: string;
  readonly #keepables: readonly Keepable[];
  #kept = 0;
  #endedAt = performance.now();
  #lastMs = 0;

  /** @param depends all that the numbers depend on besides what the observers ask */
  constructor(folder: string, depends: readonly unknown[], keepables: readonly Keepable[]) {
    this.#folder = folder;
    this.#keepables = keepables;
    const text = JSON.stringify([format, depends, keepables.map(({ key }) => key)]);
    this.#path = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 40)}${suffix}`);
  }

  /** Gives the observers what they saw before. @returns how many samples that were */
  async resume(): Promise<number> {
    const saved = await readFile(this.#path).then(parse, () => null);
    if (saved === null || saved.states.length !== this.#keepables.length) return 0;
    this.#keepables.forEach((keepable, at) => {
      keepable.restore(saved.states[at] as Float64Array);
    });
    this.#kept = saved.done;
    return saved.done;
  }

  /** Keeps what was seen up to here, unless that was done a moment ago. */
  async keepNowAndThen(done: number): Promise<void> {
    if (performance.now() - this.#endedAt >= this.#lastMs / share) await this.keep(done);
  }

  /** A cache that cannot be written costs time later, and nothing now. */
  async keep(done: number): Promise<void> {
    if (done === this.#kept) return;
    const startedAt = performance.now();
    const states = this.#keepables.map((keepable) => keepable.state());
    if (states.reduce((sum, { byteLength }) => sum + byteLength, 0) > largestPass) return;
    await this.#write(serialize({ format, done, states } satisfies Saved)).catch(() => {});
    this.#kept = done;
    this.#endedAt = performance.now();
    this.#lastMs = this.#endedAt - startedAt;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await removeAbandoned(this.#folder);
    const partial = join(this.#folder, unfinishedName(basename(this.#path)));
    const file = await open(partial, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, this.#path);
    await dropOldest(this.#folder, this.#path);
  }
}

function parse(bytes: Buffer): Saved | null {
  try {
    const saved = deserialize(bytes) as Saved;
    return saved.format === format ? saved : null;
  } catch {
    return null; // of another version of the runtime, or no file of ours
  }
}

async function dropOldest(folder: string, kept: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(suffix));
  const files = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), ...(await sizeAndTime(join(folder, name))) })),
  );
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((a, b) => a.time - b.time)) {
    if (total <= largestFolder) return;
    if (path === kept) continue;
    await rm(path, { force: true });
    total -= size;
  }
}

async function sizeAndTime(path: string): Promise<{ size: number; time: number }> {
  return stat(path).then(
    ({ size, mtimeMs }) => ({ size, time: mtimeMs }),
    () => ({ size: 0, time: 0 }),
  );
}
