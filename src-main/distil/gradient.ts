/** What a gradient is: a function of one node that writes the nodes of its backward. */

import { LatheError } from '../contract';
import { readTensor } from '../onnx/file';
import { type Dim, type DType, elementCount, type Graph, type Node, type Tensor } from '../onnx/ir';
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
  /** Whether the loss depends on output `at`. */
  hasGradient(at: number): boolean;
  /** Whether a gradient by input `at` is asked for. What is not asked for need not be written. */
  needs(at: number): boolean;
  /** @throws LatheError where the rank is not known */
  shape(value: string): readonly Dim[];
  dtype(value: string): DType;
  /** The values of a constant input: an initializer that is not trained. */
  constant(value: string): readonly number[] | null;
  /** Puts others in the place of the forward node: the same with more outputs, say. They make its outputs. */
  replaceForward(...nodes: readonly Node[]): void;
  /** Whether a gradient by a value is asked for that a body of the node captures. */
  isTrained(value: string): boolean;
  /** Hands in the gradient by such a value. */
  giveGradient(value: string, gradient: string): void;
  /** Differentiates a body of the node. */
  differentiate(body: Graph, request: BodyRequest): Differentiated;
  /** Of the operators of ai.onnx. */
  readonly opset: number;
  /** Channels of a block in the runtime's blocked layout of maps; 0 where it has none. */
  readonly channelBlock: number;
}

/** What of a body is differentiated. */
export interface BodyRequest {
  /** Values of the body → their gradients, which are known. */
  readonly known: ReadonlyMap<string, string>;
  /** Inputs of the body, and values that it captures, by which to differentiate. */
  readonly wrt: readonly string[];
  /** Writes the nodes; nested in the context's own. */
  readonly emit: Emitter;
}

export interface Differentiated {
  /** The nodes of the graph, some with more outputs than before. */
  readonly forward: readonly Node[];
  /** What was written for the gradients; not all of it may be needed. */
  readonly written: readonly Node[];
  /** Value → its gradient, same shape; none where nothing that is known depends on the value. */
  readonly gradients: ReadonlyMap<string, string>;
}

/** @returns for each input the name of its gradient, null where there is none */
export type Gradient = (context: GradientContext) => readonly (string | null)[];

/** `Conv`, `com.microsoft.Attention`: the operator in tables. */
export function operatorName({ domain, opType }: Node): string {
  return domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
}

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

/** Values of a small constant, as operators' gradients ask for them. */
export function constantValues(tensor: Tensor | undefined): readonly number[] | null {
  if (tensor === undefined || tensor.dtype === 'string' || elementCount(tensor.shape) > 65_536) return null;
  return Array.from(readTensor(tensor).data as Iterable<number | bigint>, Number);
}
