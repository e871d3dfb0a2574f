/**
 * Quantization-aware training through the Q/DQ pairs that a quantize step placed: int8 weights become real weights
 * behind a Q, biases real numbers; after training both are rounded back to the codes and scales that were there.
 * Source: Jacob et al. 2018 (arXiv:1712.05877); straight-through gradients of arXiv:1308.3432.
 */

import { LatheError } from '../../contract';
import { readTensor } from '../../onnx/file';
import {
  type Attribute,
  attributes,
  elementCount,
  type Graph,
  type Model,
  makeNode,
  type NdArray,
  type Node,
  Patch,
  type Tensor,
  tensorFromArray,
} from '../../onnx/ir';
import { mixedLoss, type Prepared, type TrainingMethod, teacherOptions, trainingOptions } from '../method';

export const qat: TrainingMethod = {
  name: 'qat',
  title: 'Quantization-aware training',
  help: 'Trains a statically quantized model with its rounding in place, towards the answers of the original. Put it after a quantize step.',
  source: 'arXiv:1712.05877',
  data: 'train',
  options: {
    ...teacherOptions,
    ...trainingOptions,
    learningRate: { ...trainingOptions.learningRate, default: 1e-4 },
    epochs: { ...trainingOptions.epochs, default: 3 },
  },
  prepare: (model) => prepare(model),
  intent: (_model, _weights, options) => ({
    loss: mixedLoss(options.match as string, options.alpha as number),
    temperature: options.temperature as number,
    teacher: 'original',
    masks: new Map(),
    notes: ['weights and biases were rounded back to the scales of the quantize step'],
  }),
};

/** A DequantizeLinear of a constant. */
interface StoredCodes {
  readonly node: Node;
  readonly codes: Tensor;
  readonly scale: readonly number[];
  readonly zero: readonly number[];
  readonly axis: number;
}

const codeRanges: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

function prepare(model: Model): Prepared {
  const stored = model.graph.nodes.flatMap((node) => storedCodes(model.graph, node) ?? []);
  const weights = stored.filter(({ codes }) => codes.dtype !== 'int32');
  if (weights.length === 0) {
    throw new LatheError({
      who: 'distil qat',
      what: 'the model holds no int8 weights between QuantizeLinear and DequantizeLinear',
      next: 'put a quantize step (static-int8) before this one',
    });
  }
  const patch = new Patch(model.graph);
  for (const entry of stored) {
    const real = patch.freshName(`${entry.codes.name}:real`);
    patch.setInitializer(tensorFromArray(real, dequantized(entry)));
    if (entry.codes.dtype === 'int32') {
      patch.replaceNode(entry.node.name, makeNode('Identity', entry.node.name, [real], entry.node.outputs));
    } else {
      const fresh = patch.freshName(`${entry.codes.name}:codes`);
      const quantize = [real, ...entry.node.inputs.slice(1)];
      patch.addNode(
        makeNode('QuantizeLinear', patch.freshName(`${entry.node.name}:q`), quantize, [fresh], axisOf(entry)),
      );
      patch.replaceNode(entry.node.name, { ...entry.node, inputs: [fresh, ...entry.node.inputs.slice(1)] });
    }
  }
  return { model: { ...model, graph: patch.apply() }, finish: (trained) => roundBack(model, trained, stored) };
}

function axisOf({ axis, scale }: StoredCodes): Record<string, Attribute> {
  return scale.length > 1 ? { axis: attributes.int(axis) } : {};
}

function storedCodes(graph: Graph, node: Node): StoredCodes | undefined {
  if (node.opType !== 'DequantizeLinear' || node.attributes.has('block_size')) return undefined;
  const [codes, scale, zero] = node.inputs.map((name) => graph.initializers.get(name));
  if (codes === undefined || scale === undefined || !(codes.dtype in codeRanges) || elementCount(codes.shape) < 2)
    return undefined;
  const scales = Array.from(readTensor(scale).data as Float32Array);
  const zeros = zero === undefined ? scales.map(() => 0) : Array.from(readTensor(zero).data as Int8Array);
  const axis = attributes.intOf(node, 'axis', 1);
  return { node, codes, scale: scales, zero: zeros, axis: axis < 0 ? axis + codes.shape.length : axis };
}

/** Index of the scale that each element of a stored tensor uses. */
function channelOf({ codes, scale, axis }: StoredCodes): (element: number) => number {
  if (scale.length === 1) return () => 0;
  const inner = elementCount(codes.shape.slice(axis + 1));
  const count = codes.shape[axis] as number;
  return (element) => Math.floor(element / inner) % count;
}

function dequantized(entry: StoredCodes): NdArray<'float32'> {
  const channel = channelOf(entry);
  const codes = readTensor(entry.codes).data as Int8Array;
  const data = Float32Array.from(
    codes,
    (code, at) => (code - (entry.zero[channel(at)] as number)) * (entry.scale[channel(at)] as number),
  );
  return { dtype: 'float32', shape: entry.codes.shape, data };
}

/** The model as it was quantized, with the codes of the trained values. */
function roundBack(quantized: Model, trained: Model, stored: readonly StoredCodes[]): Model {
  const initializers = new Map(quantized.graph.initializers);
  for (const entry of stored) {
    const real = trained.graph.initializers.get(realName(trained.graph, entry));
    if (real === undefined) continue;
    initializers.set(
      entry.codes.name,
      tensorFromArray(entry.codes.name, coded(entry, readTensor(real).data as Float32Array)),
    );
  }
  // Weights that are not quantized were trained as well.
  for (const [name, tensor] of trained.graph.initializers)
    if (quantized.graph.initializers.has(name) && tensor.dtype === 'float32') initializers.set(name, tensor);
  return { ...quantized, graph: { ...quantized.graph, initializers } };
}

/** What stands before the pair (weights) or in place of it (biases) in the trained graph. */
function realName(graph: Graph, { node }: StoredCodes): string {
  const found = graph.nodes.find((each) => each.name === node.name) as Node;
  if (found.opType === 'Identity') return found.inputs[0] as string;
  const quantize = graph.nodes.find((each) => each.outputs[0] === found.inputs[0]) as Node;
  return quantize.inputs[0] as string;
}

function coded(entry: StoredCodes, values: Float32Array): NdArray {
  const channel = channelOf(entry);
  const [low, high] = codeRanges[entry.codes.dtype] as readonly [number, number];
  const code = (value: number, at: number) => {
    const exact = value / (entry.scale[channel(at)] as number) + (entry.zero[channel(at)] as number);
    return Math.min(high, Math.max(low, roundHalfToEven(exact)));
  };
  const Codes = { int8: Int8Array, uint8: Uint8Array, int32: Int32Array }[entry.codes.dtype as 'int8'];
  return { dtype: entry.codes.dtype as 'int8', shape: entry.codes.shape, data: Codes.from(values, code) };
}

/** As onnxruntime rounds; exact for |x| < 2⁵¹. */
function roundHalfToEven(value: number): number {
  const magic = 6755399441055744;
  return value + magic - magic;
}
