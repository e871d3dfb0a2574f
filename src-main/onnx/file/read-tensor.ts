/** The elements of a tensor, wherever its bytes are. */

import { LatheError } from '../../contract';
import {
  type ArrayDType,
  elementCount,
  expectedByteLength,
  fromBytes,
  isArrayDType,
  type NdArray,
  type Tensor,
  tensorByteLength,
} from '../ir';
import { whenDamaged } from './byte-source';
import { dataChunks, readData } from './tensor-data';

/**
 * Bytes [start, end) of the tensor's little-endian packed data; all of it where no range is given. May be a view.
 * @throws LatheError where the tensor holds strings, or its file has changed since the model was opened
 */
export function readTensorBytes(tensor: Tensor, start = 0, end = tensorByteLength(tensor)): Uint8Array {
  return readData(tensor.data, start, end);
}

/** What is larger is read part by part, with {@link readTensorBytes} or {@link tensorChunks}. */
const mostBytes = 2 ** 28;

/**
 * The tensor as a dense array; 16-bit floats stay their bits.
 * @throws LatheError where its bytes do not fit its shape or are more than 256 MB, or its dtype packs several elements
 * into a byte
 */
export function readTensor(tensor: Tensor): NdArray {
  const { dtype, shape, data } = tensor;
  const who = `tensor "${tensor.name}"`;
  if (data.kind === 'strings') {
    const decoder = new TextDecoder();
    if (data.strings.length !== elementCount(shape)) {
      throw new LatheError({
        who,
        what: `string [${shape.join(', ')}] takes ${elementCount(shape)} texts, ${data.strings.length} are stored`,
        next: whenDamaged,
      });
    }
    return { dtype: 'string', shape, data: data.strings.map((text) => decoder.decode(text)) };
  }
  if (!isArrayDType(dtype)) {
    throw new LatheError({ who, what: `${dtype} has no array form`, next: 'read its packed bytes', code: 'failed' });
  }
  const bytes = tensorByteLength(tensor);
  if (bytes !== expectedByteLength(tensor)) {
    throw new LatheError({
      who,
      what: `${dtype} [${shape.join(', ')}] takes ${expectedByteLength(tensor)} bytes, ${bytes} are stored`,
      next: whenDamaged,
    });
  }
  if (bytes > mostBytes) {
    throw new LatheError({
      who,
      what: `has ${bytes} bytes, more than the ${mostBytes} that are held at once`,
      next: 'leave the node that reads it out of this step',
      code: 'failed',
    });
  }
  return fromBytes(dtype as Exclude<ArrayDType, 'string'>, shape, readTensorBytes(tensor));
}

/** The packed bytes part by part, for what must not hold a large tensor at once. */
export function tensorChunks(tensor: Tensor, chunkBytes?: number): Generator<Uint8Array> {
  if (tensor.data.kind === 'strings') {
    throw new LatheError({
      who: `tensor "${tensor.name}"`,
      what: 'holds strings, which have no packed bytes',
      code: 'failed',
    });
  }
  return dataChunks(tensor.data, chunkBytes);
}
