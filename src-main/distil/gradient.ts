/** What a gradient is: a function of one node that writes the nodes of its backward. */

import { LatheError } from '../contract';
import type { Dim, DType, Node } from '../onnx/ir';
import type { Emitter } from './emitter';

export interface GradientContext {
  readonly node: Node;
  readonly emit: Emitter;
  /** Name of input `at`; '' where it is absent. */
  input(at: number): string;
  /** Name of output `at` of the forward node. */
  output(at: number): string;
  /** Gradient of the loss by output `at`; zeros where the loss does not depend on it. */
  gradient(at?: number): string;
  /** Whether a gradient by input `at` is asked for. What is not asked for need not be written. */
  needs(at: number): boolean;
  /** @throws LatheError where the rank is not known */
  shape(value: string): readonly Dim[];
  dtype(value: string): DType;
  /** The values of a constant input: an initializer that is not trained. */
  constant(value: string): readonly number[] | null;
  /** Puts others in the place of the forward node: the same with more outputs, say. They make its outputs. */
  replaceForward(...nodes: readonly Node[]): void;
  /** Channels of a block in the runtime's blocked layout of maps; 0 where it has none. */
  readonly channelBlock: number;
}

/** @returns for each input the name of its gradient, null where there is none */
export type Gradient = (context: GradientContext) => readonly (string | null)[];

/** `Conv "stem/conv1"`: how messages name a node. */
export function nodeTitle(node: Node): string {
  return `${node.opType} "${node.name}"`;
}

/** The error for a form of an operator that its gradient does not cover. */
export function unsupported(
  node: Node,
  what: string,
  next = 'freeze everything before it, or rewrite the node',
): LatheError {
  return new LatheError({ who: nodeTitle(node), what: `cannot be differentiated: ${what}`, next });
}

export function rankOf(context: GradientContext, value: string): number {
  return context.shape(value).length;
}

/** An axis counted from the front. */
export function positiveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
