/**
 * H = Σ x·xᵀ over calibration samples, x being the inputs that one output of a layer multiplies with its weights: a
 * patch of all input channels for a Conv (a matrix for each of its groups), a row for a Gemm or MatMul. Summed inside
 * the graph, sample by sample.
 */

import { countNonFinite } from '../kernels';
import {
  attributes,
  elementCount,
  int64Tensor,
  makeNode,
  type NdArray,
  type Node,
  type Patch,
  type Tensor,
  tensorFromArray,
} from '../onnx/ir';
import type { Observer, Results } from './calibrate';

export interface Hessian {
  readonly groups: number;
  /** Weights of one output. */
  readonly inputs: number;
  /** [groups, inputs, inputs] */
  readonly sum: Float64Array;
  /** What was taken off the inputs before they were multiplied: [groups, inputs]. */
  readonly mean?: Float64Array | undefined;
}

/** Groups and inputs of a layer with its weight [out, in/groups, …] or [in, out]. */
export function hessianSize(node: Node, weight: Tensor): Pick<Hessian, 'groups' | 'inputs'> {
  if (node.opType === 'Conv')
    return { groups: attributes.intOf(node, 'group', 1), inputs: elementCount(weight.shape.slice(1)) };
  const transposed = node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 1;
  return { groups: 1, inputs: weight.shape[transposed ? 1 : 0] as number };
}

/** Outputs of a layer with its weight [out, in/groups, …] or [in, out]. */
export function layerOutputs(node: Node, { shape }: Tensor): number {
  const isFirst = node.opType === 'Conv' || attributes.intOf(node, 'transB', 0) === 1;
  return (isFirst ? shape[0] : shape.at(-1)) ?? 1;
}

/** Sums one output that an edit of the graph adds, over all samples. */
export abstract class SumObserver implements Observer {
  readonly value: string;
  readonly node: Node;
  protected readonly weight: Tensor;
  protected sum: Float64Array = new Float64Array(0);
  #name = '';

  constructor(node: Node, weight: Tensor) {
    this.node = node;
    this.value = node.inputs[0] as string;
    this.weight = weight;
  }

  abstract get key(): string;

  /** Adds what is summed to the graph. @returns its name */
  protected abstract summed(patch: Patch): string;

  prepare(patch: Patch): readonly string[] {
    this.#name = this.summed(patch);
    return [this.#name];
  }

  see(results: Results): boolean {
    const { data } = results[this.#name] as NdArray<'float32'>;
    if (this.sum.length === 0) this.sum = new Float64Array(data.length);
    const { sum } = this;
    for (let i = 0; i < data.length; i++) sum[i]! += data[i]!;
    return countNonFinite(data) === 0;
  }

  state(): Float64Array {
    return this.sum;
  }

  restore(state: Float64Array): void {
    this.sum = state;
  }
}

export class HessianObserver extends SumObserver {
  get key(): string {
    return `Hessian of ${this.node.name}`;
  }

  protected summed(patch: Patch): string {
    const { groups, inputs } = hessianSize(this.node, this.weight);
    const isConv = this.node.opType === 'Conv';
    const patches = isConv ? patchesOf(patch, this.node, this.weight) : this.value;
    // Conv [samples, groups, inputs, places], else [1, 1, rows, inputs].
    const columns = reshapeTo(patch, patches, isConv ? [0, groups, inputs, -1] : [1, 1, -1, inputs]);
    const turned = addTo(patch, 'Transpose', [columns], { perm: attributes.ints([0, 1, 3, 2]) });
    const products = addTo(patch, 'MatMul', isConv ? [columns, turned] : [turned, columns]);
    return addTo(patch, 'Einsum', [products], { equation: attributes.string('ngij->gij') });
  }

  hessian(): Hessian {
    return { ...hessianSize(this.node, this.weight), sum: this.sum };
  }
}

/**
 * The patches of a Conv as channels [samples, groups · inputs, …]: a Conv whose weights pick one element of the patch each.
 * @param withOne whether a channel that is always 1 follows those of each group
 */
export function patchesOf(patch: Patch, node: Node, weight: Tensor, withOne = false): string {
  const { groups, inputs } = hessianSize(node, weight);
  const channels = withOne ? inputs + 1 : inputs;
  const pick = new Float32Array(groups * channels * inputs);
  const ones = new Float32Array(groups * channels);
  for (let group = 0; group < groups; group++) {
    for (let i = 0; i < inputs; i++) pick[(group * channels + i) * inputs + i] = 1;
    if (withOne) ones[group * channels + inputs] = 1;
  }
  const value = node.inputs[0] as string;
  const operands = [value, patch.freshName(`${value}_pick`)];
  const shape = [groups * channels, ...weight.shape.slice(1)];
  patch.setInitializer(tensorFromArray(operands[1] as string, { dtype: 'float32', shape, data: pick }));
  if (withOne) {
    operands.push(patch.freshName(`${value}_ones`));
    const array = { dtype: 'float32', shape: [groups * channels], data: ones } as const;
    patch.setInitializer(tensorFromArray(operands[2] as string, array));
  }
  return addTo(patch, 'Conv', operands, Object.fromEntries(node.attributes));
}

/** The value in another shape; 0 keeps a dim, −1 takes what is left. */
export function reshapeTo(patch: Patch, value: string, shape: readonly number[]): string {
  const name = patch.freshName(`${value}_shape`);
  patch.setInitializer(int64Tensor(name, [shape.length], shape));
  return addTo(patch, 'Reshape', [value, name]);
}

/** The first output of a new node. */
export function addTo(patch: Patch, opType: string, inputs: readonly string[], extra = {}): string {
  const output = patch.freshName(`${inputs[0]}_${opType}`);
  patch.addNode(makeNode(opType, patch.freshName(`${output}_node`), inputs, [output], extra));
  return output;
}
