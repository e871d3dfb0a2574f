/** Performs a Placement: the patch that puts Q/DQ pairs, int8 weights and int32 biases into a graph. */

import { channelAbsMax } from '../kernels';
import { readTensor } from '../onnx/file';
import {
  type Attribute,
  attributes,
  type Graph,
  type GraphIndex,
  indexGraph,
  makeNode,
  type NdArray,
  type Node,
  Patch,
  type Tensor,
  tensorFromArray,
} from '../onnx/ir';
import { addInstead } from './bias-correction';
import type { Constants } from './constants';
import { outputsOf, type Placement, type Unit } from './place';
import { type ActivationParams, activationParams, positiveScale, rangeWithZero } from './quant-params';
import { type QuantizedWeight, unsigned, type WeightScales } from './weights';

export interface Insertion {
  readonly graph: Graph;
  readonly constants: Constants;
  readonly placement: Placement;
  /** Scale and zero point of a value that is measured: every root and every entering value. */
  readonly params: (value: string) => ActivationParams;
  /** Scales of a weight along `axis`, as the node's kernel takes them. */
  readonly weightScales: (node: Node, weight: Tensor, axis: number | null) => WeightScales;
  /** Integers of a weight. */
  readonly roundWeight: (node: Node, weight: Tensor, scales: WeightScales) => QuantizedWeight;
  readonly perChannel: boolean;
  /** Whether weights are written as uint8. */
  readonly unsignedWeights: boolean;
  /** A bias that makes up for the rounded weight; undefined keeps the node's own. */
  readonly bias?: ((node: Node, weight: Tensor, quantized: QuantizedWeight) => Float32Array | undefined) | undefined;
}

/**
 * Layers whose float weights onnxruntime makes int8 with one scale for the tensor where they stand between a DQ with one
 * scale and a Q: what was left in float for its accuracy would lose most.
 */
const requantizedOps = new Set(['Conv', 'ConvTranspose', 'Gemm']);

/** The largest bias that an int32 holds with room for the sum of products. */
const largestBias = 2 ** 30;

export function insertQuantization(insertion: Insertion): Graph {
  return new Inserter(insertion).patch().apply();
}

class Inserter {
  readonly #in: Insertion;
  readonly #index: GraphIndex;
  readonly #patch: Patch;
  readonly #dequantized = new Map<string, string>();
  /** Values that leave units, each with its integers. */
  readonly #emitted = new Map<string, { codes: string; params: ActivationParams }>();
  readonly #weights = new Map<string, { value: string; scales: WeightScales }>();

  constructor(insertion: Insertion) {
    this.#in = insertion;
    this.#index = indexGraph(insertion.graph);
    this.#patch = new Patch(insertion.graph);
  }

  patch(): Patch {
    const { placement } = this.#in;
    for (const value of placement.entering) this.#enter(value);
    for (const unit of placement.units) {
      const node = this.#integerNode(unit);
      this.#patch.replaceNode(unit.node.name, placement.emitting.has(unit) ? this.#emit(unit, node) : node);
    }
    this.#keepFloats();
    return this.#patch;
  }

  /** Float layers read through a DQ with a scale for each channel, all equal, which onnxruntime leaves alone. */
  #keepFloats(): void {
    const integer = new Set(this.#in.placement.units.map(({ node }) => node.name));
    for (const node of this.#in.graph.nodes) {
      const [input, weightName] = node.inputs as [string, string];
      const emitted = this.#emitted.get(input);
      if (emitted === undefined || node.domain !== '' || !requantizedOps.has(node.opType) || integer.has(node.name))
        continue;
      const weight = this.#in.constants.tensor(weightName);
      const channels = weight === undefined ? 1 : inputChannels(node, weight);
      if (channels === 1) continue;
      const { codes, params } = emitted;
      const scale = this.#patch.freshName(`${input}_scales`);
      const data = new Float32Array(channels).fill(params.scale);
      this.#patch.setInitializer(tensorFromArray(scale, { dtype: 'float32', shape: [channels], data }));
      const axis = attributes.intOf(node, 'transA', 0) === 1 ? 0 : 1;
      const behind = this.#dequantize(codes, scale, this.#zeroPoint(input, params, channels), axis);
      this.#patch.replaceNode(node.name, { ...node, inputs: [behind, ...node.inputs.slice(1)] });
    }
  }

  /** A float value gets a Q and a DQ; units read behind them, all others before. */
  #enter(value: string): void {
    const behind = this.#patch.freshName(`${value}_dequantized`);
    const params = this.#paramsOf(value);
    this.#pair(value, behind, params, params.scale);
    this.#dequantized.set(value, behind);
  }

  /** The node with its operands taken behind DQ. */
  #integerNode(unit: Unit): Node {
    const { node } = unit;
    const inputs = [...node.inputs];
    for (const at of unit.activations)
      inputs[at] = this.#dequantized.get(inputs[at] as string) ?? (inputs[at] as string);
    if (unit.kind === 'compute') this.#quantizeOperands(unit, inputs);
    if (unit.kind === 'elementwise') {
      node.inputs.forEach((input, at) => {
        if (!unit.activations.includes(at)) inputs[at] = this.#constant(input);
      });
    }
    return { ...node, inputs };
  }

  /** The unit's outputs leave through Q and DQ, whose DQ takes the value's name; what is absorbed falls away. */
  #emit(unit: Unit, node: Node): Node {
    for (const absorbed of unit.absorbed) this.#patch.removeNode(absorbed.name);
    const outputs = [...node.outputs];
    for (const value of outputsOf(unit)) {
      const params = this.#paramsOf(value);
      const at = unit.absorbed.length === 0 ? node.outputs.indexOf(value) : 0;
      const before = unit.absorbed.length === 0 ? this.#patch.freshName(`${value}_float`) : (outputs[at] as string);
      outputs[at] = before;
      const codes = this.#pair(before, value, params, positiveScale(params.scale / unit.factor));
      this.#emitted.set(value, { codes, params });
    }
    return { ...node, outputs };
  }

  #paramsOf(value: string): ActivationParams {
    return this.#in.params(this.#in.placement.roots.get(value) ?? value);
  }

  /** from → Q → DQ → to. The Q's scale differs where the unit absorbed a factor. @returns what the Q gives */
  #pair(from: string, to: string, params: ActivationParams, scaleIn: number): string {
    const zeroPoint = this.#zeroPoint(to, params);
    const scaleOut = this.#scalar(`${to}_scale`, params.scale);
    const quantizeScale = scaleIn === params.scale ? scaleOut : this.#scalar(`${from}_scale`, scaleIn);
    const codes = this.#patch.freshName(`${to}_codes`);
    const q = this.#patch.freshName(`${to}_QuantizeLinear`);
    const dq = this.#patch.freshName(`${to}_DequantizeLinear`);
    this.#patch.addNode(makeNode('QuantizeLinear', q, [from, quantizeScale, zeroPoint], [codes]));
    this.#patch.addNode(makeNode('DequantizeLinear', dq, [codes, scaleOut, zeroPoint], [to]));
    return codes;
  }

  #scalar(wanted: string, value: number): string {
    const name = this.#patch.freshName(wanted);
    this.#patch.setInitializer(tensorFromArray(name, { dtype: 'float32', shape: [], data: Float32Array.of(value) }));
    return name;
  }

  /** @param channels as many equal ones; one for the tensor where absent */
  #zeroPoint(value: string, { dtype, zeroPoint }: ActivationParams, channels?: number): string {
    const name = this.#patch.freshName(`${value}_zero_point`);
    const shape = channels === undefined ? [] : [channels];
    const count = channels ?? 1;
    this.#patch.setInitializer(
      dtype === 'uint8'
        ? tensorFromArray(name, { dtype, shape, data: new Uint8Array(count).fill(zeroPoint) })
        : tensorFromArray(name, { dtype: 'int8', shape, data: new Int8Array(count).fill(zeroPoint) }),
    );
    return name;
  }

  /** A constant operand of an element-wise unit, exact where it is one number. */
  #constant(value: string): string {
    const known = this.#dequantized.get(value);
    if (known !== undefined) return known;
    const tensor = this.#in.constants.tensor(value) as Tensor;
    const { data } = readTensor(tensor) as NdArray<'float32'>;
    let low = 0;
    let high = 0;
    for (const element of data) {
      low = Math.min(low, element);
      high = Math.max(high, element);
    }
    const params = activationParams(rangeWithZero(low, high), this.#activationType(), false);
    const lowest = params.dtype === 'uint8' ? 0 : -128;
    const codes = Array.from(data, (element) =>
      Math.min(lowest + 255, Math.max(lowest, Math.round(element / params.scale) + params.zeroPoint)),
    );
    const name = this.#patch.freshName(`${value}_codes`);
    const array = params.dtype === 'uint8' ? Uint8Array.from(codes) : Int8Array.from(codes);
    this.#patch.setInitializer(tensorFromArray(name, { dtype: params.dtype, shape: tensor.shape, data: array }));
    const behind = this.#dequantize(name, this.#scalar(`${value}_scale`, params.scale), this.#zeroPoint(value, params));
    this.#dequantized.set(value, behind);
    return behind;
  }

  #activationType(): ActivationParams['dtype'] {
    const [any] = this.#in.placement.entering;
    return any === undefined ? 'uint8' : this.#paramsOf(any).dtype;
  }

  #dequantize(codes: string, scale: string, zeroPoint: string, axis?: number): string {
    const value = this.#patch.freshName(`${codes}_dequantized`);
    const name = this.#patch.freshName(`${codes}_DequantizeLinear`);
    const inputs = zeroPoint === '' ? [codes, scale] : [codes, scale, zeroPoint];
    const extra: Record<string, Attribute> = axis === undefined ? {} : { axis: attributes.int(axis) };
    this.#patch.addNode(makeNode('DequantizeLinear', name, inputs, [value], extra));
    return value;
  }

  /** Weight and bias of a Conv, Gemm or MatMul; nothing for a MatMul of two activations. */
  #quantizeOperands(unit: Unit, inputs: string[]): void {
    const { node } = unit;
    const weight = this.#in.constants.tensor(node.inputs[1] as string);
    if (weight === undefined) return;
    const input = this.#paramsOf(node.inputs[0] as string);
    const axis = this.#in.perChannel ? channelAxis(node, weight) : null;
    const tensor = node.opType === 'MatMul' ? undefined : this.#in.constants.tensor(node.inputs[2] ?? '');
    const own = tensor === undefined ? null : (readTensor(tensor) as NdArray<'float32'>);
    const covering = this.#in.weightScales(node, weight, axis);
    const scales = own === null ? covering : widened(covering, own.data, input.scale);
    const quantized = this.#in.roundWeight(node, weight, scales);
    inputs[1] = this.#weight(node, quantized, scales === covering);
    const bias = this.#in.bias?.(node, weight, quantized) ?? own?.data;
    if (bias === undefined) return;
    if (node.opType === 'MatMul') addInstead(this.#patch, this.#index, this.#in.constants, node, bias);
    else inputs[2] = this.#biasCodes(node, bias, scales, input.scale);
  }

  /** int8 codes behind a DQ; a weight that several nodes read in the same way is held once. */
  #weight(node: Node, quantized: QuantizedWeight, shareable: boolean): string {
    const { scales } = quantized;
    const key = `${node.inputs[1]} along ${scales.axis}`;
    const known = shareable ? this.#weights.get(key) : undefined;
    if (known !== undefined && sameScales(known.scales, scales)) return known.value;
    const name = this.#patch.freshName(`${node.inputs[1]}_codes`);
    const codes = quantized.codes(name);
    const { unsignedWeights } = this.#in;
    this.#patch.setInitializer(unsignedWeights ? unsigned(codes) : codes);
    const channels = scales.scales.length;
    const shape = scales.axis === null ? [] : [channels];
    const scale = this.#patch.freshName(`${node.inputs[1]}_scale`);
    this.#patch.setInitializer(tensorFromArray(scale, { dtype: 'float32', shape, data: scales.scales }));
    const zero = this.#patch.freshName(`${node.inputs[1]}_zero_point`);
    const count = scales.axis === null ? 1 : channels;
    const { zeroPoint = 0 } = scales;
    this.#patch.setInitializer(
      unsignedWeights
        ? tensorFromArray(zero, { dtype: 'uint8', shape, data: new Uint8Array(count).fill(zeroPoint + 128) })
        : tensorFromArray(zero, { dtype: 'int8', shape, data: new Int8Array(count).fill(zeroPoint) }),
    );
    const value = this.#dequantize(name, scale, zero, scales.axis ?? undefined);
    if (shareable) this.#weights.set(key, { value, scales });
    return value;
  }

  /** int32 codes with the scale of the products, so that the kernel adds them as they are. */
  #biasCodes(node: Node, bias: Float32Array, { axis, scales }: WeightScales, inputScale: number): string {
    const products = Float32Array.from(scales, (scale) => positiveScale(scale * inputScale));
    const codes = Int32Array.from(bias, (value, at) => clampToInt32(value / (products[at] ?? products[0]!)));
    const stem = node.inputs[2] || `${node.name}_bias`;
    const name = this.#patch.freshName(`${stem}_codes`);
    this.#patch.setInitializer(tensorFromArray(name, { dtype: 'int32', shape: [codes.length], data: codes }));
    const scale = this.#patch.freshName(`${stem}_scale`);
    const shape = axis === null ? [] : [products.length];
    this.#patch.setInitializer(tensorFromArray(scale, { dtype: 'float32', shape, data: products }));
    return this.#dequantize(name, scale, '', axis === null ? undefined : 0);
  }
}

/** The axis of the output channels, where the node's kernel takes a scale for each; null where it takes one for all. */
export function channelAxis(node: Node, weight: Tensor): number | null {
  switch (node.opType) {
    case 'Conv':
      return 0;
    case 'Gemm':
      return attributes.intOf(node, 'transB', 0) === 1 ? 0 : 1;
    default:
      return weight.shape.length === 2 ? 1 : null;
  }
}

/** Channels of what a layer reads. */
function inputChannels(node: Node, { shape }: Tensor): number {
  if (node.opType === 'ConvTranspose') return shape[0] as number;
  if (node.opType === 'Conv') return (shape[1] as number) * attributes.intOf(node, 'group', 1);
  return shape[attributes.intOf(node, 'transB', 0) === 1 ? 1 : 0] as number;
}

/** Weight scales raised where the bias would not fit into 32 bits with the scale of the products. */
function widened(weights: WeightScales, bias: Float32Array, inputScale: number): WeightScales {
  const largest = new Float32Array(weights.scales.length);
  channelAbsMax(bias, largest.length, 1, 0, largest);
  if (largest.every((magnitude, at) => magnitude / (weights.scales[at]! * inputScale) <= largestBias)) return weights;
  const scales = weights.scales.map((scale, at) =>
    Math.max(scale, positiveScale(largest[at]! / largestBias / inputScale)),
  );
  return { ...weights, scales };
}

function clampToInt32(value: number): number {
  return Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), Math.round(value)));
}

function sameScales(a: WeightScales, b: WeightScales): boolean {
  return a.scales.length === b.scales.length && a.scales.every((scale, at) => scale === b.scales[at]);
}
