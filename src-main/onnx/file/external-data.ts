/** External data of tensors: where it may lie, and where it lies. Source: ONNX's ExternalData document. */

import { realpathSync } from 'node:fs';
import { basename, isAbsolute, join, posix, relative, sep, win32 } from 'node:path';
import { LatheError } from '../../contract';
import type { FileStamp, TensorData } from '../ir';
import { stampOf, whenDamaged } from './byte-source';
import { smallBytes } from './scan';
import { readData } from './tensor-data';

/** Resolves references of one model; a file is looked at once. */
export class ExternalFolder {
  readonly folder: string;
  readonly #files = new Map<string, { file: string; stamp: FileStamp }>();

  /** @param folder of the model file, with no link in its path */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Files that were referred to, relative to the folder, with `/` and in order of their names. */
  names(): string[] {
    const names = [...this.#files.values()].map(({ file }) => relative(this.folder, file).split(sep).join('/'));
    return [...new Set(names)].sort();
  }

  /**
   * The data that `external_data` entries point to.
   * @param expectedBytes taken where no length is stated
   * @throws LatheError where the path is absolute, leaves the folder or passes through a link out of it; where the
   * file is missing or too short
   */
  resolve(who: string, entries: ReadonlyMap<string, string>, expectedBytes: number): TensorData {
    const location = entries.get('location') ?? '';
    const { file, stamp } = this.#file(who, location);
    const offset = wholeNumber(who, 'offset', entries.get('offset') ?? '0');
    const length = wholeNumber(who, 'length', entries.get('length') ?? String(expectedBytes));
    if (offset + length > stamp.bytes) {
      throw new LatheError({
        who,
        what: `its data should be bytes ${offset} to ${offset + length} of external file "${location}", which has only ${stamp.bytes}`,
        next: 'the file may be cut off or belong to another model: export or download it again',
      });
    }
    const data: TensorData = { kind: 'file', file, stamp, offset, length };
    return length > smallBytes ? data : { kind: 'inline', bytes: readData(data, 0, length) };
  }

  #file(who: string, location: string): { file: string; stamp: FileStamp } {
    const known = this.#files.get(location);
    if (known !== undefined) return known;
    const file = this.#allowedPath(who, location);
    const found = { file, stamp: stampOf(file) };
    this.#files.set(location, found);
    return found;
  }

  #allowedPath(who: string, location: string): string {
    const refuse = (why: string) =>
      new LatheError({
        who,
        what: `its external data "${location}" ${why}`,
        where: this.folder,
        next: "only files in the model's own folder are read: put the data there and mend the reference",
      });
    if (location === '') throw refuse('has no location');
    if (posix.normalize(location) === '.') throw refuse('is the folder itself');
    if (location.includes('\0')) throw refuse('is not a path');
    if (isAbsolute(location) || win32.isAbsolute(location) || /^[A-Za-z]:/.test(location))
      throw refuse('is an absolute path');
    const normal = posix.normalize(location.replaceAll('\\', '/'));
    if (normal === '..' || normal.startsWith('../')) throw refuse("leaves the model's folder");
    const path = join(this.folder, location);
    let real: string;
    try {
      real = realpathSync(path);
    } catch (error) {
      throw new LatheError({
        who,
        what: `external data file "${location}" is missing`,
        where: this.folder,
        next: `put ${basename(location)} beside the model: it belongs to it`,
        cause: error,
      });
    }
    const inside = relative(this.folder, real);
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      throw refuse("leaves the model's folder through a link");
    }
    return real;
  }
}

function wholeNumber(who: string, key: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new LatheError({
    who,
    what: `${key} "${text}" of its external data is not a whole number of bytes`,
    next: whenDamaged,
  });
}
