/** What a session is made from: the structure of a model with its weights left in their files. */

import { dirname, relative, sep } from 'node:path';
import { LatheError } from '../../contract';
import type { FileStamp, Model } from '../ir';
import { checkUnchanged } from './byte-source';
import { fillSkeleton } from './fill-skeleton';
import { dataChunks } from './tensor-data';
import { modelToSkeleton } from './to-proto';

/** No single buffer is larger. */
const maxBytes = 256 * 2 ** 20;

/**
 * A ModelProto whose larger initializers and constants are external data relative to `folder`, whether they lie in the user's
 * external data or in the .onnx file itself; everything else is inline.
 * @returns `folder`: null where nothing lies in a file
 * @throws LatheError where a file has changed since the model was opened, or more than 256 MB would be inline
 */
export function skeletonBytes(model: Model): { bytes: Uint8Array; folder: string | null } {
  const folder = busiestFolder(model);
  const files = new Map<string, FileStamp>();
  const skeleton = modelToSkeleton(model, (data, role) => {
    if (role === 'other' || folder === null || data.kind !== 'file') return null;
    if (!isWithin(folder, dirname(data.file))) return null;
    files.set(data.file, data.stamp);
    return { location: relative(folder, data.file).split(sep).join('/'), offset: data.offset, length: data.length };
  });
  for (const [file, stamp] of files) checkUnchanged(file, stamp);
  const { pieces, length } = fillSkeleton(skeleton);
  if (length > maxBytes) {
    throw new LatheError({
      who: `model "${model.graph.name}"`,
      what: `holds ${Math.round(length / 2 ** 20)} MB that lie in no file of one folder, more than a session takes from memory`,
      next: 'write the model to a file and open that',
      code: 'failed',
    });
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    for (const part of piece instanceof Uint8Array ? [piece] : dataChunks(piece)) {
      bytes.set(part, at);
      at += part.byteLength;
    }
  }
  return { bytes, folder: files.size === 0 ? null : folder };
}

/** A session knows one folder: the one that has most of the weights in or below it. */
function busiestFolder(model: Model): string | null {
  const bytesByFolder = new Map<string, number>();
  modelToSkeleton(model, (data, role) => {
    if (data.kind !== 'file' || role === 'other') return null;
    const folder = dirname(data.file);
    bytesByFolder.set(folder, (bytesByFolder.get(folder) ?? 0) + data.length);
    return null;
  });
  if (bytesByFolder.size === 0) return null;
  const candidates = [...bytesByFolder.keys(), ...(model.folder === null ? [] : [model.folder])];
  const weight = (folder: string): number => {
    let sum = 0;
    for (const [other, bytes] of bytesByFolder) if (isWithin(folder, other)) sum += bytes;
    return sum;
  };
  return candidates.reduce((best, folder) => (weight(folder) > weight(best) ? folder : best));
}

function isWithin(folder: string, other: string): boolean {
  return other === folder || other.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
