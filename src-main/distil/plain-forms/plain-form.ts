/** What a plain form is: a function of one node that writes others which give the same. */

import { attributes, type Dim, type DType, type Node } from '../../onnx/ir';
import type { Emitter } from '../emitter';

export interface Site {
  readonly emit: Emitter;
  readonly node: Node;
  /** Input `at`; '' where it is absent. */
  input(at: number): string;
  /** @throws LatheError where the rank is not known */
  shape(value: string): readonly Dim[];
  dtype(value: string): DType;
  /** The values of a constant of the model; null where it is computed. */
  constant(value: string): readonly number[] | null;
  /** Of the operators of ai.onnx. */
  readonly opset: number;
}

/** Gives for each output of the node the value that takes its place; null where it has none. */
export type PlainForm = (site: Site) => readonly (string | null)[];

/** Of the terms that are there. */
export function sumOf(emit: Emitter, terms: readonly string[]): string {
  return terms.filter((term) => term !== '').reduce((sum, term) => emit.add(sum, term));
}

/** int64 [length]: 0, 1, …; `length` is an int64 [1]. */
export function countTo(emit: Emitter, length: string): string {
  return emit.op('Range', [emit.integers([0], []), emit.squeeze(length, [0]), emit.integers([1], [])]);
}

export function concat(emit: Emitter, parts: readonly string[], axis: number): string {
  return emit.op('Concat', parts, { axis: attributes.int(axis) });
}
