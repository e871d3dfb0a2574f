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

import { attributes, floatTensor, int64Tensor, type Node, type Patch, type Tensor } from '../onnx/ir';
import { addTo, type Hessian, hessianSize, layerOutputs, patchesOf, reshapeTo, SumObserver } from './hessians';
import type { OpenInterval } from './place';

/** What a place that is cut off counts: a little, since new samples may open it. */
const closed = 0.02;

/** Most inputs of an output for each output of a dense layer to have places of its own. */
const fewInputs = 32;

export class CentredHessianObserver extends SumObserver {
  readonly #open: OpenInterval | null;

  /** @param open what the activation behind the layer lets through; null where there is none */
  constructor(node: Node, weight: Tensor, open: OpenInterval | null) {
    super(node, weight);
    const { groups, inputs } = hessianSize(node, weight);
    const isEach = groups > 1 ? groups === this.#outputs : inputs <= fewInputs;
    this.#open = isEach ? open : null;
  }

  get key(): string {
    const { low, high } = this.#open ?? { low: null, high: null };
    return `centred Hessian of ${this.node.name} between ${low} and ${high}`;
  }

  protected summed(patch: Patch): string {
    const columns = this.#columns(patch);
    const { groups } = hessianSize(this.node, this.weight);
    if (this.#open !== null && groups === 1) return this.#summedByOutput(patch, columns, this.#open);
    const turned = addTo(patch, 'Transpose', [columns], { perm: attributes.ints([0, 1, 3, 2]) });
    const counted = this.#open === null ? columns : this.#countedByGroup(patch, columns, this.#open);
    const products = addTo(patch, 'MatMul', [counted, turned]);
    return addTo(patch, 'Einsum', [products], { equation: attributes.string('ngij->gij') });
  }

  /** The columns of a depthwise layer, those of closed places made small. */
  #countedByGroup(patch: Patch, columns: string, interval: OpenInterval): string {
    const { groups } = hessianSize(this.node, this.weight);
    return addTo(patch, 'Mul', [columns, reshapeTo(patch, this.#openPlaces(patch, interval), [0, groups, 1, -1])]);
  }

  /** A matrix for each output of a dense layer: [outputs, size²]. */
  #summedByOutput(patch: Patch, columns: string, interval: OpenInterval): string {
    const size = this.#size;
    const rows = reshapeTo(patch, columns, [0, size, 1, -1]);
    const products = addTo(patch, 'Mul', [rows, reshapeTo(patch, columns, [0, 1, size, -1])]);
    const flat = reshapeTo(patch, products, [0, size * size, -1]); // [samples, size², places]
    const places = addTo(patch, 'Transpose', [flat], { perm: attributes.ints([0, 2, 1]) });
    const sums = addTo(patch, 'MatMul', [this.#openPlaces(patch, interval), places]);
    return addTo(patch, 'Einsum', [sums], { equation: attributes.string('nok->ok') });
  }

  /**
   * A matrix and a mean for each group, or for each output where they have places of their own.
   * @param centred whether the mean is left out, since a bias takes it back
   */
  hessian(centred = true): Hessian {
    const size = this.#size;
    const inputs = size - 1;
    const groups = this.sum.length / (size * size);
    const sum = new Float64Array(groups * inputs * inputs);
    const mean = new Float64Array(groups * inputs);
    for (let group = 0; group < groups; group++) {
      const whole = this.sum.subarray(group * size * size, (group + 1) * size * size);
      const count = whole[size * size - 1]!;
      for (let j = 0; j < inputs; j++) mean[group * inputs + j] = count === 0 ? 0 : whole[inputs * size + j]! / count;
      for (let i = 0; i < inputs; i++)
        for (let j = 0; j < inputs; j++) {
          const shared = centred ? count * mean[group * inputs + i]! * mean[group * inputs + j]! : 0;
          sum[(group * inputs + i) * inputs + j] = whole[i * size + j]! - shared;
        }
    }
    return centred ? { groups, inputs, sum, mean } : { groups, inputs, sum };
  }

  /** Inputs of an output, and a 1. */
  get #size(): number {
    return hessianSize(this.node, this.weight).inputs + 1;
  }

  get #outputs(): number {
    return layerOutputs(this.node, this.weight);
  }

  /** What each place multiplies with the weights, and a 1: [samples, groups, inputs + 1, places]. */
  #columns(patch: Patch): string {
    const { groups } = hessianSize(this.node, this.weight);
    if (this.node.opType === 'Conv')
      return reshapeTo(patch, patchesOf(patch, this.node, this.weight, true), [0, groups, this.#size, -1]);
    const rows = reshapeTo(patch, this.value, [1, 1, -1, this.#size - 1]);
    const pads = patch.freshName(`${rows}_pads`);
    patch.setInitializer(int64Tensor(pads, [8], [0, 0, 0, 0, 0, 0, 0, 1]));
    const widened = addTo(patch, 'Pad', [rows, pads, scalar(patch, `${rows}_one`, 1)]);
    return addTo(patch, 'Transpose', [widened], { perm: attributes.ints([0, 1, 3, 2]) });
  }

  /** 1 where the output passes, a little where not: [samples, outputs, places]. */
  #openPlaces(patch: Patch, { low, high }: OpenInterval): string {
    const output = this.node.outputs[0] as string;
    const flat = reshapeTo(
      patch,
      output,
      this.node.opType === 'Conv' ? [0, this.#outputs, -1] : [1, -1, this.#outputs],
    );
    const perm = { perm: attributes.ints([0, 2, 1]) };
    const values = this.node.opType === 'Conv' ? flat : addTo(patch, 'Transpose', [flat], perm);
    const above = addTo(patch, 'Greater', [values, scalar(patch, `${output}_low`, low)]);
    const below = addTo(patch, 'Less', [values, scalar(patch, `${output}_high`, high)]);
    const both = addTo(patch, 'And', [above, below]);
    const [inside, outside] = [scalar(patch, `${output}_inside`, 1), scalar(patch, `${output}_outside`, closed)];
    return addTo(patch, 'Where', [both, inside, outside]);
  }
}

function scalar(patch: Patch, wanted: string, value: number): string {
  const name = patch.freshName(wanted);
  patch.setInitializer(floatTensor(name, [], [value]));
  return name;
}
