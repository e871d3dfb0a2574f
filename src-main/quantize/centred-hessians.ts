/**
 * The Hessian that counts where a bias is corrected and an activation cuts off: inputs less their mean, since the bias
 * takes the shift of the mean back, and only places where a Relu or Clip behind the layer lets the output through, since
 * an error anywhere else never leaves the layer (‖f(W·x) − f(Ŵ·x)‖² in place of ‖W·x − Ŵ·x‖², for each output by
 * itself).
 *
 *   H = Σ m·(x − μ)(x − μ)ᵀ    μ = Σ m·x / Σ m    m = 1 where low < y < high, else a small number
 *
 * Source: Nagel et al. 2020, arXiv:2004.10568, section 3.4 (asymmetric reconstruction with the activation function).
 */

import { addPatchProducts, countNonFinite, transposed } from '../kernels';
import { attributes, floatTensor, int64Tensor, type NdArray, type Node, type Patch, type Tensor } from '../onnx/ir';
import type { Observer, Results } from './calibrate';
import { addTo, type Hessian, hessianSize, layerOutputs, patchesOf, reshapeTo, SumObserver } from './hessians';
import { patchGeometry } from './patch-geometry';
import type { OpenInterval } from './place';

/** What a place that is cut off counts: a little, since new samples may open it. */
const closed = 0.02;

/** Most inputs of an output for each output of a dense layer to have places of its own. */
const fewInputs = 32;

export interface CentredHessianObserver extends Observer {
  readonly node: Node;
  /**
   * A matrix and a mean for each group, or for each output where they have places of their own.
   * @param centred whether the mean is left out, since a bias takes it back
   */
  hessian(centred?: boolean): Hessian;
}

/** @param open what the activation behind the layer lets through; null where there is none */
export function centredHessianObserver(node: Node, weight: Tensor, open: OpenInterval | null): CentredHessianObserver {
  const { groups, inputs } = hessianSize(node, weight);
  const outputs = layerOutputs(node, weight);
  const isEach = open !== null && (groups > 1 ? groups === outputs : inputs <= fewInputs);
  if (isEach) return new PlacedHessianObserver(node, weight, outputs, open);
  return groups > 1 ? new PlacedHessianObserver(node, weight, groups, null) : new SharedHessianObserver(node, weight);
}

/** One matrix for all outputs of a dense layer, as a product of matrices inside the graph. */
class SharedHessianObserver extends SumObserver implements CentredHessianObserver {
  get key(): string {
    return `centred Hessian of ${this.node.name}`;
  }

  /** Columns of what each place multiplies with the weights, and a 1, times their rows. */
  protected summed(patch: Patch): string {
    const columns = this.#columns(patch); // [samples, 1, size, places]
    const turned = addTo(patch, 'Transpose', [columns], { perm: attributes.ints([0, 1, 3, 2]) });
    const products = addTo(patch, 'MatMul', [columns, turned]);
    return addTo(patch, 'Einsum', [products], { equation: attributes.string('ngij->gij') });
  }

  hessian(centred = true): Hessian {
    return hessianOf(this.sum, hessianSize(this.node, this.weight).inputs, centred);
  }

  #columns(patch: Patch): string {
    const size = hessianSize(this.node, this.weight).inputs + 1;
    if (this.node.opType === 'Conv')
      return reshapeTo(patch, patchesOf(patch, this.node, this.weight, true), [0, 1, size, -1]);
    const rows = reshapeTo(patch, this.value, [1, 1, -1, size - 1]);
    const pads = patch.freshName(`${rows}_pads`);
    patch.setInitializer(int64Tensor(pads, [8], [0, 0, 0, 0, 0, 0, 0, 1]));
    const one = patch.freshName(`${rows}_one`);
    patch.setInitializer(floatTensor(one, [], [1]));
    const widened = addTo(patch, 'Pad', [rows, pads, one]);
    return addTo(patch, 'Transpose', [widened], { perm: attributes.ints([0, 1, 3, 2]) });
  }
}

/** Many small matrices, one for each group or output: products that the runtime is slow at. */
class PlacedHessianObserver implements CentredHessianObserver {
  readonly node: Node;
  readonly value: string;
  readonly #weight: Tensor;
  readonly #open: OpenInterval | null;
  #sum: Float64Array; // [matrices, size, size]

  constructor(node: Node, weight: Tensor, matrices: number, open: OpenInterval | null) {
    this.node = node;
    this.value = node.inputs[0] as string;
    this.#weight = weight;
    this.#open = open;
    this.#sum = new Float64Array(matrices * (this.#inputs + 1) ** 2);
  }

  get key(): string {
    const { low, high } = this.#open ?? { low: null, high: null };
    return `centred Hessian of ${this.node.name} between ${low} and ${high}`;
  }

  prepare(): readonly string[] {
    return this.#open === null ? [this.value] : [this.value, this.#open.value];
  }

  see(results: Results): boolean {
    const x = results[this.value] as NdArray<'float32'>;
    const y = this.#open === null ? null : (results[this.#open.value] as NdArray<'float32'>);
    if (countNonFinite(x.data) > 0) return false;
    if (this.node.opType === 'Conv') this.#addPatches(x, y);
    else this.#addRows(x.data, y?.data ?? null);
    return true;
  }

  #addPatches(x: NdArray<'float32'>, y: NdArray<'float32'> | null): void {
    const [samples = 1, , ...sizes] = x.shape;
    const geometry = patchGeometry(this.node, this.#weight.shape.slice(2), sizes);
    const { groups } = hessianSize(this.node, this.#weight);
    addPatchProducts(x.data, samples, geometry, groups, y?.data ?? null, this.#gate, this.#sum);
  }

  /** Rows as the places of a convolution over one element. */
  #addRows(x: Float32Array, y: Float32Array | null): void {
    const rows = x.length / this.#inputs;
    const [ones, places] = [
      [1, 1, 1],
      [1, 1, rows],
    ];
    const geometry = { input: places, output: places, kernel: ones, strides: ones, dilations: ones, pads: [0, 0, 0] };
    const byChannel = (values: Float32Array) => transposed(values, rows, values.length / rows);
    addPatchProducts(byChannel(x), 1, geometry, 1, y === null ? null : byChannel(y), this.#gate, this.#sum);
  }

  hessian(centred = true): Hessian {
    return hessianOf(this.#sum, this.#inputs, centred);
  }

  state(): Float64Array {
    return this.#sum;
  }

  restore(state: Float64Array): void {
    this.#sum = state;
  }

  get #inputs(): number {
    return hessianSize(this.node, this.#weight).inputs;
  }

  get #gate() {
    const { low, high } = this.#open ?? { low: 0, high: 0 };
    return { low, high, closed };
  }
}

/** @param sums of products of inputs and a 1 [groups, inputs + 1, inputs + 1], of which row ≤ column is read */
function hessianOf(sums: Float64Array, inputs: number, centred: boolean): Hessian {
  const size = inputs + 1;
  const groups = sums.length / (size * size);
  const sum = new Float64Array(groups * inputs * inputs);
  const mean = new Float64Array(groups * inputs);
  for (let group = 0; group < groups; group++) {
    const whole = sums.subarray(group * size * size, (group + 1) * size * size);
    const count = whole[size * size - 1]!;
    const own = mean.subarray(group * inputs, (group + 1) * inputs);
    for (let j = 0; j < inputs; j++) own[j] = count === 0 ? 0 : whole[j * size + inputs]! / count;
    for (let i = 0; i < inputs; i++)
      for (let j = i; j < inputs; j++) {
        const value = whole[i * size + j]! - (centred ? count * own[i]! * own[j]! : 0);
        sum[(group * inputs + i) * inputs + j] = value;
        sum[(group * inputs + j) * inputs + i] = value;
      }
  }
  return centred ? { groups, inputs, sum, mean } : { groups, inputs, sum };
}
