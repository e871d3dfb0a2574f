/** The one door to a dataset on disk. */

import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { LatheError, messageOf } from '../contract';
import type { SessionValue } from '../onnx/session/session';
import type { Dataset, OpenOptions } from './dataset';
import { readers } from './readers';

/**
 * Opens the data at `path` with the first reader that fits and holds it against the model's inputs.
 * @throws LatheError where nothing fits, or where names, types, shapes or counts do not
 */
export async function openDataset(
  path: string,
  inputs: readonly SessionValue[],
  options: OpenOptions,
): Promise<Dataset> {
  const found = await stat(path).catch((cause) => {
    const isMissing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    throw new LatheError({
      who: `data "${path}"`,
      what: isMissing ? 'there is no such file or folder' : `cannot be opened (${messageOf(cause)})`,
      next: isMissing ? 'check the path' : 'check its permissions',
      cause,
    });
  });
  for (const reader of readers) if (await reader.fits(path)) return reader.open(resolve(path), inputs, options);
  throw new LatheError({
    who: `data "${basename(path)}"`,
    what: found.isDirectory()
      ? 'holds nothing that can be read as a dataset'
      : 'is not a dataset: a folder is asked for',
    next: `give ${readers.map((reader) => reader.expects).join(', or ')}`,
  });
}
