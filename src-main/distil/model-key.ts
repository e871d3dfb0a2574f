/** A name for what a model computes: its nodes and the bytes of its weights. */

import { createHash } from 'node:crypto';
import { readTensorBytes } from '../onnx/file';
import { type Model, tensorByteLength } from '../onnx/ir';

/** Bytes hashed at once. */
const hashedPart = 16 * 2 ** 20;

export function modelKey({ graph }: Model): string {
  const hash = createHash('sha256');
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);
  for (const { opType, domain, inputs, outputs, attributes } of graph.nodes)
    hash.update(JSON.stringify([opType, domain, inputs, outputs, [...attributes]], plain));
  for (const [name, tensor] of graph.initializers) {
    hash.update(JSON.stringify([name, tensor.dtype, tensor.shape]));
    const bytes = tensorByteLength(tensor);
    for (let at = 0; at < bytes; at += hashedPart)
      hash.update(readTensorBytes(tensor, at, Math.min(bytes, at + hashedPart)));
  }
  return hash.digest('hex');
}
