/**
 * H = Σ x·xᵀ over calibration samples, x being the inputs that one output of a layer multiplies with its weights: a
 * patch of all input channels for a Conv (a matrix for each of its groups), a row for a Gemm or MatMul. Summed inside
 * the graph, sample by sample.
 */

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
}

/** Groups and inputs of a layer with its weight [out, in/groups, …] or [in, out]. */
export function hessianSize(node: Node, weight: Tensor): Pick<Hessian, 'groups' | 'inputs'> {
  if (node.opType === 'Conv')
    return { groups: attributes.intOf(node, 'group', 1), inputs: elementCount(weight.shape.slice(1)) };
  const transposed = node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 1;
  return { groups: 1, inputs: weight.shape[transposed ? 1 : 0] as number };
}

export class HessianObserver implements Observer {
  readonly value: string;
  readonly node: Node;
  readonly #weight: Tensor;
  #name = '';
  #sum: Float64Array = new Float64Array(0);

  constructor(node: Node, weight: Tensor) {
    this.node = node;
    this.value = node.inputs[0] as string;
    this.#weight = weight;
  }

  get key(): string {
    return `Hessian of ${this.node.name}`;
  }

  prepare(patch: Patch): readonly string[] {
    const { groups, inputs } = hessianSize(this.node, this.#weight);
    const isConv = this.node.opType === 'Conv';
    const patches = isConv ? this.#patches(patch) : this.value;
    // Conv [samples, groups, inputs, places], else [1, 1, rows, inputs].
    const columns = reshape(patch, patches, isConv ? [0, groups, inputs, -1] : [1, 1, -1, inputs]);
    const turned = add(patch, 'Transpose', [columns], { perm: attributes.ints([0, 1, 3, 2]) });
    const products = add(patch, 'MatMul', isConv ? [columns, turned] : [turned, columns]);
    this.#name = add(patch, 'Einsum', [products], { equation: attributes.string('ngij->gij') });
    return [this.#name];
  }

  see(results: Results): boolean {
    const { data } = results[this.#name] as NdArray<'float32'>;
    if (this.#sum.length === 0) this.#sum = new Float64Array(data.length);
    let sound = true;
    for (let i = 0; i < data.length; i++) {
      this.#sum[i]! += data[i]!;
      sound &&= Number.isFinite(data[i]);
    }
    return sound;
  }

  state(): Float64Array {
    return this.#sum;
  }

  restore(state: Float64Array): void {
    this.#sum = state;
  }

  hessian(): Hessian {
    return { ...hessianSize(this.node, this.#weight), sum: this.#sum };
  }

  /** The patches as channels: a Conv whose weights pick one element of the patch each. */
  #patches(patch: Patch): string {
    const { groups, inputs } = hessianSize(this.node, this.#weight);
    const pick = new Float32Array(groups * inputs * inputs);
    for (let i = 0; i < groups * inputs; i++) pick[i * inputs + (i % inputs)] = 1;
    const name = patch.freshName(`${this.value}_pick`);
    const shape = [groups * inputs, ...this.#weight.shape.slice(1)];
    patch.setInitializer(tensorFromArray(name, { dtype: 'float32', shape, data: pick }));
    return add(patch, 'Conv', [this.value, name], Object.fromEntries(this.node.attributes));
  }
}

function reshape(patch: Patch, value: string, shape: readonly number[]): string {
  const name = patch.freshName(`${value}_shape`);
  patch.setInitializer(int64Tensor(name, [shape.length], shape));
  return add(patch, 'Reshape', [value, name]);
}

function add(patch: Patch, opType: string, inputs: readonly string[], extra = {}): string {
  const output = patch.freshName(`${inputs[0]}_${opType}`);
  patch.addNode(makeNode(opType, patch.freshName(`${output}_node`), inputs, [output], extra));
  return output;
}
