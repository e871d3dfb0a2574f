/**
 * Int8 weights and int32 biases behind DequantizeLinear, a scale a tensor or a channel: weights become real numbers
 * behind a Q, biases real numbers alone. Source: Jacob et al. 2018 (arXiv:1712.05877), section 3.
 */

import { readTensor } from '../../onnx/file';
import {
  type Attribute,
  attributes,
  elementCount,
  type Graph,
  indexGraph,
  type Model,
  makeNode,
  type NdArray,
  type Node,
  Patch,
  type Tensor,
  tensorFromArray,
} from '../../onnx/ir';
import { roundHalfToEven } from './bits';
import type { TrainableCodes } from './trainable-codes';

/** A DequantizeLinear of a constant. */
interface StoredCodes {
  readonly node: Node;
  readonly codes: Tensor;
  readonly scale: string;
  readonly scales: readonly number[];
  readonly zeros: readonly number[];
  readonly axis: number;
  /** The initializer that holds the real numbers. */
  readonly real: string;
}

const codeRanges: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

export function channelCodes(model: Model): TrainableCodes {
  const patch = new Patch(model.graph);
  const stored = model.graph.nodes.flatMap((node) => storedCodes(model.graph, node, patch) ?? []);
  for (const entry of stored) {
    const { node, real, codes } = entry;
    patch.setInitializer(tensorFromArray(real, dequantized(entry)));
    if (isBias(entry)) {
      patch.replaceNode(node.name, makeNode('Identity', node.name, [real], node.outputs));
      continue;
    }
    const fresh = patch.freshName(`${codes.name}:codes`);
    const quantize = patch.freshName(`${node.name}:q`);
    patch.addNode(makeNode('QuantizeLinear', quantize, [real, ...node.inputs.slice(1)], [fresh], axisOf(entry)));
    patch.replaceNode(node.name, { ...node, inputs: [fresh, ...node.inputs.slice(1)] });
  }
  return {
    model: { ...model, graph: patch.apply() },
    count: stored.filter((entry) => !isBias(entry)).length,
    parameters: [],
    constants: [],
    skipped: [],
    codes: (trained, scaleOf) =>
      new Map(stored.flatMap((entry) => [...codesOf(model.graph, trained, entry, scaleOf)].map((t) => [t.name, t]))),
  };
}

function isBias({ codes }: StoredCodes): boolean {
  return codes.dtype === 'int32';
}

function axisOf({ axis, scales }: StoredCodes): Record<string, Attribute> {
  return scales.length > 1 ? { axis: attributes.int(axis) } : {};
}

function storedCodes(graph: Graph, node: Node, patch: Patch): StoredCodes | undefined {
  if (node.opType !== 'DequantizeLinear' || attributes.intOf(node, 'block_size', 0) !== 0) return undefined;
  const [codes, scale, zero] = node.inputs.map((name) => graph.initializers.get(name));
  if (codes === undefined || scale === undefined || !(codes.dtype in codeRanges) || elementCount(codes.shape) < 2)
    return undefined;
  const scales = Array.from(readTensor(scale).data as Float32Array);
  const zeros = zero === undefined ? scales.map(() => 0) : Array.from(readTensor(zero).data as Int8Array);
  const axis = attributes.intOf(node, 'axis', 1);
  return {
    node,
    codes,
    scale: scale.name,
    scales,
    zeros,
    axis: axis < 0 ? axis + codes.shape.length : axis,
    real: patch.freshName(`${codes.name}:real`),
  };
}

/** Index of the scale that each element of a stored tensor uses. */
function channelOf({ codes, scales, axis }: StoredCodes): (element: number) => number {
  if (scales.length === 1) return () => 0;
  const inner = elementCount(codes.shape.slice(axis + 1));
  const count = codes.shape[axis] as number;
  return (element) => Math.floor(element / inner) % count;
}

function dequantized(entry: StoredCodes): NdArray<'float32'> {
  const channel = channelOf(entry);
  const codes = readTensor(entry.codes).data as Int8Array;
  const data = Float32Array.from(
    codes,
    (code, at) => (code - (entry.zeros[channel(at)] as number)) * (entry.scales[channel(at)] as number),
  );
  return { dtype: 'float32', shape: entry.codes.shape, data };
}

function codesOf(
  quantized: Graph,
  trained: Model,
  entry: StoredCodes,
  scaleOf: (name: string) => Float32Array,
): readonly Tensor[] {
  const real = readTensor(trained.graph.initializers.get(entry.real) as Tensor).data as Float32Array;
  const scales = isBias(entry) ? biasScales(quantized, entry, scaleOf) : scaleOf(entry.scale);
  const channel = channelOf(entry);
  const [low, high] = codeRanges[entry.codes.dtype] as readonly [number, number];
  const code = (value: number, at: number) => {
    const exact = value / (scales[channel(at)] as number) + (entry.zeros[channel(at)] as number);
    return Math.min(high, Math.max(low, roundHalfToEven(exact)));
  };
  const Codes = { int8: Int8Array, uint8: Uint8Array, int32: Int32Array }[entry.codes.dtype as 'int8'];
  const array = { dtype: entry.codes.dtype as 'int8', shape: entry.codes.shape, data: Codes.from(real, code) };
  const codes = tensorFromArray(entry.codes.name, array);
  if (!isBias(entry)) return [codes];
  const { shape } = quantized.initializers.get(entry.scale) as Tensor;
  return [codes, tensorFromArray(entry.scale, { dtype: 'float32', shape, data: scales })];
}

/** A bias counts in products of the scales of input and weight; it is added to those in int32. */
function biasScales(graph: Graph, entry: StoredCodes, scaleOf: (name: string) => Float32Array): Float32Array {
  const index = indexGraph(graph);
  const [reader] = index.consumers(entry.node.outputs[0] as string);
  const [input, weight] = [0, 1].map((at) => {
    const scale = index.producer(reader?.inputs[at] ?? '')?.inputs[1];
    return scale !== undefined && graph.initializers.has(scale) ? scaleOf(scale) : undefined;
  });
  if (input?.length !== 1 || weight === undefined) return Float32Array.from(entry.scales);
  return Float32Array.from(
    entry.scales,
    (_, at) => (input[0] as number) * (weight[weight.length > 1 ? at : 0] as number),
  );
}
