/** What a session is made from: the structure of a model with its weights left in their files. */

import { dirname, relative, sep } from 'node:path';
import { LatheError } from '../../contract';
import type { FileStamp, Model } from '../ir';
import { checkUnchanged } from './byte-source';
import { fillSkeleton } from './fill-skeleton';
import { SpilledWeights } from './spilled-weights';
import { dataChunks, dataLength } from './tensor-data';
import { type ExternalPlace, modelToSkeleton, type PackedData, type Skeleton, type TensorRole } from './to-proto';

/** No single buffer is larger. */
const maxBytes = 256 * 2 ** 20;

/** Weights up to this sum are given to a session from memory. The runtime copies them, more than once. */
const heldBytes = 64 * 2 ** 20;

/** Where weights go that lie in no file of one folder and are too many for memory. */
export interface Spill {
  /** Asked for only where it is needed; what is written there must stay while the session maps it. */
  readonly folder: () => string;
  /** Weights up to this sum are held in memory; 64 MB unless told otherwise. */
  readonly heldBytes?: number | undefined;
}

export interface SkeletonBytes {
  /** A ModelProto. */
  readonly bytes: Uint8Array;
  /** Where its external data lies; null where it has none. */
  readonly folder: string | null;
}

/**
 * A ModelProto whose larger initializers and constants are external data relative to `folder`, whether they lie in the user's
 * external data or in the .onnx file itself. What lies in no file of that folder is inline; where that is much, all is
 * gathered in a temporary folder.
 * @throws LatheError where a file has changed since the model was opened, more than 256 MB would be inline, or the
 * temporary folder cannot be written
 */
export function skeletonBytes(model: Model, spill: Spill): SkeletonBytes {
  const files = new Map<string, FileStamp>();
  const withPlaces = (place: (data: PackedData) => ExternalPlace | null): Skeleton =>
    modelToSkeleton(model, (data: PackedData, role: TensorRole) => {
      const placed = role === 'other' ? null : place(data);
      if (placed !== null && data.kind === 'file') files.set(data.file, data.stamp);
      return placed;
    });
  const folder = busiestFolder(model);
  let held = 0;
  const mapped = withPlaces((data) => {
    const place = folder === null ? null : placeIn(folder, data);
    if (place === null) held += dataLength(data);
    return place;
  });
  if (held <= (spill.heldBytes ?? heldBytes)) return whole(model, mapped, folder, files);
  files.clear();
  const spillFolder = spill.folder();
  const spilled = new SpilledWeights(spillFolder);
  try {
    return whole(
      model,
      withPlaces((data) => spilled.place(data)),
      spillFolder,
      files,
    );
  } finally {
    spilled.close();
  }
}

function placeIn(folder: string, data: PackedData): ExternalPlace | null {
  if (data.kind !== 'file' || !isWithin(folder, dirname(data.file))) return null;
  return { location: relative(folder, data.file).split(sep).join('/'), offset: data.offset, length: data.length };
}

function whole(
  model: Model,
  skeleton: Skeleton,
  folder: string | null,
  files: ReadonlyMap<string, FileStamp>,
): SkeletonBytes {
  for (const [file, stamp] of files) checkUnchanged(file, stamp);
  const { pieces, length } = fillSkeleton(skeleton);
  if (length > maxBytes) {
    throw new LatheError({
      who: `model "${model.graph.name}"`,
      what: `holds ${Math.round(length / 2 ** 20)} MB besides its initializers and constants, more than a session takes from memory`,
      next: 'make weights of them: export it again',
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
  return { bytes, folder };
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
