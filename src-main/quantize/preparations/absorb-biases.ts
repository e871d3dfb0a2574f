/**
 * Bias absorption: what a channel always holds in front of a Relu moves into the bias of the layer behind it.
 *
 *   W₂·Relu(W₁·x + b₁) + b₂ = W₂·Relu(W₁·x + b₁ − c) + (b₂ + W₂·c)    wherever W₁·x + b₁ ≥ c ≥ 0
 *
 * c is the least that calibration saw of the channel. The integers then cover what is left of its range; values below c,
 * which calibration never saw, come out as c.
 * Source: Nagel et al. 2019, arXiv:1906.04721, section 4.1.3, with measured minima in place of BatchNorm's β − 3γ.
 */

import { readTensor } from '../../onnx/file';
import {
  attributes,
  floatTensor,
  type GraphIndex,
  indexGraph,
  type Model,
  type NdArray,
  type Node,
  Patch,
} from '../../onnx/ir';
import { observe } from '../calibrate';
import { eachElement } from '../channel-scaling';
import { type ChannelSite, sitesOf } from '../channel-sites';
import { ChannelObserver } from '../channel-statistics';
import { constantsOf } from '../constants';
import { type Preparation, type PreparationContext, type PreparationResult, places } from '../preparation';

export const absorbBiases = {
  name: 'absorb',
  title: 'Absorb biases',
  help: 'Moves what a channel always holds before a Relu into the bias of the layer behind it, so that its integers cover less. Outputs stay the same on what calibration saw. Helps after equalization.',
  source: 'Nagel et al. 2019, arXiv:1906.04721, section 4.1.3',
  default: false,
  run: absorb,
} as const satisfies Preparation;

async function absorb(model: Model, { admits, data, ...work }: PreparationContext): Promise<PreparationResult> {
  const index = indexGraph(model.graph);
  const sites = (await sitesOf(model, admits)).filter((site) => isAbsorbing(site, index));
  const observers = sites.map(({ maker, inputs }) => {
    const { axis, rank = 2 } = inputs[0] as ChannelSite['inputs'][number];
    return new ChannelObserver({ value: maker.outputs[0] as string, axis, rank });
  });
  await observe({ model, data }, observers, work);
  const biases = new Biases(model, index);
  let changed = 0;
  sites.forEach(({ maker, read }, at) => {
    const held = (observers[at] as ChannelObserver).statistics().min.map((least) => Math.max(0, least));
    if (held.every((c) => c === 0)) return;
    changed++;
    biases.add(
      maker,
      held.map((c) => -c),
    );
    for (const operand of read) {
      const alpha = operand.node.opType === 'Gemm' ? attributes.floatOf(operand.node, 'alpha', 1) : 1;
      const moved = new Float64Array(outputsOf(operand.node, operand.tensor.shape));
      eachElement(operand, (value, channel, output) => {
        moved[output]! += alpha * value * held[channel]!;
      });
      biases.add(operand.node, moved);
    }
  });
  const notes = changed === 0 ? [] : [`absorbed biases into the layer behind at ${places(changed)}`];
  return { model: changed === 0 ? model : biases.applied(), changed, notes };
}

/** A layer with a bias, one Relu, and layers that see each of its values alike. */
function isAbsorbing({ maker, made, read, inputs }: ChannelSite, index: GraphIndex): boolean {
  const [relu, ...others] = index.consumers(maker.outputs[0] as string);
  const isPlain = relu?.opType === 'Relu' && others.length === 0 && inputs[0]?.value === relu.outputs[0];
  const hasBias = made.length === 2 && made[1]?.node === maker;
  return (
    isPlain && hasBias && hasPlainBias(maker) && read.every(({ node }) => hasPlainBias(node) && hasNoPadding(node))
  );
}

/** b is added as it is: no MatMul, and no Gemm with another β. */
function hasPlainBias(node: Node): boolean {
  return node.opType === 'Conv' || (node.opType === 'Gemm' && attributes.floatOf(node, 'beta', 1) === 1);
}

/** Padding puts zeros beside the channel, where c would be missing. */
function hasNoPadding(node: Node): boolean {
  if (node.opType !== 'Conv') return true;
  const automatic = node.attributes.has('auto_pad') && attributes.stringOf(node, 'auto_pad', 'NOTSET') !== 'NOTSET';
  return !automatic && (attributes.intsOf(node, 'pads', []) ?? []).every((pad) => pad === 0);
}

function outputsOf(node: Node, shape: readonly number[]): number {
  const axis = node.opType === 'Conv' || attributes.intOf(node, 'transB', 0) === 1 ? 0 : 1;
  return shape[axis] as number;
}

/** What is added to the bias of each layer, all sites together. */
class Biases {
  readonly #model: Model;
  readonly #index: GraphIndex;
  readonly #changes = new Map<string, Float64Array>();

  constructor(model: Model, index: GraphIndex) {
    this.#model = model;
    this.#index = index;
  }

  add({ name }: Node, change: Float64Array): void {
    const known = this.#changes.get(name);
    this.#changes.set(name, known === undefined ? change : known.map((value, at) => value + change[at]!));
  }

  applied(): Model {
    const patch = new Patch(this.#model.graph);
    const constants = constantsOf(this.#index);
    for (const [name, change] of this.#changes) {
      const node = this.#index.node(name) as Node;
      const old = constants.tensor(node.inputs[2] ?? '');
      const held = old === undefined ? undefined : (readTensor(old) as NdArray<'float32'>).data;
      const bias = patch.freshName(`${node.inputs[2] || `${name}_bias`}_absorbed`);
      const values = change.map((value, at) => (held?.[at] ?? 0) + value);
      patch.setInitializer(floatTensor(bias, [values.length], values));
      patch.replaceNode(name, { ...node, inputs: [...node.inputs.slice(0, 2), bias] });
    }
    return { ...this.#model, graph: patch.apply() };
  }
}
