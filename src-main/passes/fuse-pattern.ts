/** What the patterns of `fuse` share: what a match is, and the looks around a node. */

import { readTensor } from '../onnx/file';
import { type Attribute, elementCount, type Node } from '../onnx/ir';
import { isFloatType, readFloats } from './float-tensor';
import { constantOf, isStandard } from './pass';
import type { RewriteSite } from './rewrite';

export interface Match {
  /** In graph order; the last one makes the output. */
  readonly pieces: readonly Node[];
  readonly output: string;
  /** Values that vanish. */
  readonly inner: readonly string[];
  /** What the new node reads and how it is set; may plan nodes and constants that stand before it. */
  readonly make: (isStandard: boolean, site: RewriteSite) => Made;
}

export interface Made {
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Pattern {
  readonly op: string;
  /** Opset of ai.onnx that has the operator. */
  readonly since: number;
  /** onnxruntime's own, where there is one. */
  readonly own: { readonly opType: string; readonly domain: string } | null;
  /** The piece that the search starts from. */
  readonly anchor: string;
  /** null: something else; a text: it is of the kind, but cannot be put together for this reason. */
  readonly match: (anchor: Node, site: RewriteSite) => Match | string | null;
}

/** The one reader of a value that is of the operator. */
export function readerOf(value: string | undefined, opType: string, { index }: RewriteSite): Node | undefined {
  return value === undefined
    ? undefined
    : index.consumers(value).find((node) => node.opType === opType && isStandard(node));
}

export function makerOf(value: string | undefined, opType: string, { index }: RewriteSite): Node | undefined {
  const node = value === undefined ? undefined : index.producer(value);
  return node?.opType === opType && isStandard(node) ? node : undefined;
}

/** The constant number that one of two inputs is; undefined where neither is. */
export function numberAmong(node: Node, site: RewriteSite): { value: number; other: string } | undefined {
  for (const [at, name] of node.inputs.entries()) {
    const tensor = constantOf(site, name);
    if (tensor === undefined || elementCount(tensor.shape) !== 1) continue;
    const value = isFloatType(tensor.dtype) ? readFloats(tensor)?.[0] : Number(readTensor(tensor).data[0]);
    if (value !== undefined) return { value, other: node.inputs[1 - at] as string };
  }
  return undefined;
}

/** What all pieces but the last one make. */
export const innerOf = (pieces: readonly Node[]): string[] => pieces.slice(0, -1).flatMap(({ outputs }) => outputs);
