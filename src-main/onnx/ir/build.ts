/** Short forms for making nodes and values in code that edits graphs. */

import type { DType } from './dtype';
import type { Attribute, Dim, Node, Value } from './model';

/** A node; attributes as made by `attributes.ts`. */
export function makeNode(
  opType: string,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = '',
): Node {
  return { name, opType, domain, inputs, outputs, attributes: new Map(Object.entries(attributes)) };
}

/** A value of tensor type. */
export function makeValue(name: string, dtype: DType, shape: readonly Dim[] | null): Value {
  return { name, type: { kind: 'tensor', dtype, shape } };
}
