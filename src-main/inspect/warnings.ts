/** What a person should know about a model before compressing it: one rule a finding, one sentence with what to do. */

import {
  allGraphs,
  allNodes,
  allWeights,
  attributes,
  type DType,
  type GraphIndex,
  indexGraph,
  type Model,
  type Node,
  standardOpset,
  tensorByteLength,
  type Weight,
} from '../onnx/ir';
import { type CpuInfo, hasInt8DotProduct } from '../onnx/session';
import { symbolicDims } from './fix-dims';

export interface WarningFacts {
  readonly model: Model;
  /** Symbolic dims of the inputs that have been given no size. */
  readonly openDims: readonly string[];
  /** Of the file and its external data. */
  readonly bytes: number;
  /** Names of external data files. */
  readonly externalData: readonly string[];
  readonly nodes: readonly Node[];
  readonly weights: readonly Weight[];
  readonly graphs: readonly GraphIndex[];
  readonly cpu: CpuInfo;
}

export interface ModelWarning {
  readonly code: string;
  readonly message: string;
}

interface Rule {
  readonly code: string;
  /** The sentence, or null where it does not apply. */
  readonly find: (facts: WarningFacts) => string | null;
}

/**
 * @param bytes of the file and its external data
 * @param openDims symbolic dims that have been given no size
 */
export function findWarnings(
  model: Model,
  bytes: number,
  externalData: readonly string[],
  cpu: CpuInfo,
  openDims: readonly string[] = symbolicDims(model.graph),
): ModelWarning[] {
  const facts: WarningFacts = {
    model,
    openDims,
    bytes,
    externalData,
    nodes: [...allNodes(model)],
    weights: [...allWeights(model)],
    graphs: [...allGraphs(model)].map(indexGraph),
    cpu,
  };
  return rules.flatMap(({ code, find }) => {
    const message = find(facts);
    return message === null ? [] : [{ code, message }];
  });
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
/** `1 weight sits`, `7 weights sit`. */
const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
const isStandard = ({ domain }: Node): boolean => domain === '' || domain === 'ai.onnx';
const opset = (model: Model): number => standardOpset(model.opsets);

/** From opset 7 on the runtime has a kernel of every operator; of older ones only of those that have not changed since. */
export function isOfOldOpset(model: Model): boolean {
  return opset(model) > 0 && opset(model) < 7;
}

/** Weights worth compressing: smaller ones are shapes, scalars and biases. */
const largeWeight = ({ tensor }: Weight): boolean => tensorByteLength(tensor) > 1024;

function bytesOfType(weights: readonly Weight[], dtypes: readonly DType[]): number {
  return weights.reduce((sum, { tensor }) => sum + (dtypes.includes(tensor.dtype) ? tensorByteLength(tensor) : 0), 0);
}

const quantizedOps =
  /^(QLinear\w+|QGemm|QAttention|\w+Integer|MatMulIntegerToFloat|DynamicQuantize\w+|MatMulNBits|MatMulBnb4|QuantizeLinear|DequantizeLinear|QMoE)$/;

/** Ops that stay float inside an int8 model on onnxruntime's CPU provider (read from its optimised graphs, 1.30). */
const neverInt8 = new Set([
  'HardSwish',
  'HardSigmoid',
  'Gelu',
  'Erf',
  'Tanh',
  'LayerNormalization',
  'SkipLayerNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'ReduceMean',
  'Pad',
  'Sub',
  'Div',
  'Pow',
  'Sqrt',
]);

const rules: readonly Rule[] = [
  {
    code: 'symbolic-dims',
    find: ({ openDims: dims }) => {
      return dims.length === 0
        ? null
        : `The inputs have ${count(dims.length, 'symbolic dimension', 'symbolic dimensions')} (${dims.join(', ')}); give sizes to count work and to run without data (in a shell: --dim ${dims[0]}=1).`;
    },
  },
  {
    code: 'above-2gb',
    find: ({ bytes }) =>
      bytes <= 2 ** 31 - 1
        ? null
        : `The model takes ${(bytes / 1e9).toFixed(1)} GB, more than one ONNX file may hold; variants are written with their weights beside them as external data.`,
  },
  {
    code: 'external-data',
    find: ({ externalData }) =>
      externalData.length === 0
        ? null
        : `Weights lie in ${count(externalData.length, 'file', 'files')} beside the model (${externalData.slice(0, 3).join(', ')}${externalData.length > 3 ? ' …' : ''}); keep them in the same folder when you move it.`,
  },
  {
    code: 'already-quantized',
    find: ({ nodes, weights }) => {
      const bytes = bytesOfType(weights.filter(largeWeight), ['int8', 'uint8', 'int4', 'uint4', 'int2', 'uint2']);
      const op = nodes.find((node) => quantizedOps.test(node.opType))?.opType;
      return op === undefined && bytes === 0
        ? null
        : `The model is already quantized in part (${op === undefined ? '' : `it holds ${op}; `}${megabytes(bytes)} of its weights are integers); start from the float model where you have it, since each rounding adds to the last.`;
    },
  },
  {
    code: 'float16-weights',
    find: ({ weights }) => {
      const bytes = bytesOfType(weights, ['float16', 'bfloat16']);
      return bytes <= 1024
        ? null
        : `${megabytes(bytes)} of weights are 16-bit floats, which a CPU computes as float32: they save size, not time; int8 saves both.`;
    },
  },
  {
    code: 'float64-weights',
    find: ({ weights }) => {
      const bytes = bytesOfType(weights, ['float64']);
      return bytes <= 1024
        ? null
        : `${megabytes(bytes)} of weights are 64-bit floats; export in float32 to halve size and time before anything else.`;
    },
  },
  {
    code: 'constant-weights',
    find: ({ weights }) => {
      const held = weights.filter((weight) => weight.node !== null && largeWeight(weight));
      const bytes = held.reduce((sum, { tensor }) => sum + tensorByteLength(tensor), 0);
      return held.length === 0
        ? null
        : `${count(held.length, 'weight sits', 'weights sit')} in Constant nodes instead of initializers (${megabytes(bytes)}); a clean step lifts them, so that pruning and quantization find what they look for.`;
    },
  },
  {
    code: 'unfolded-batch-norm',
    find: ({ graphs }) => {
      const found = graphs.flatMap((index) => index.graph.nodes.filter((node) => followsLinear(node, index)));
      return found.length === 0
        ? null
        : `${count(found.length, 'BatchNormalization stands', 'BatchNormalization stand')} behind a convolution or matrix product; fold by a clean step first, because quantizing them apart costs accuracy and time.`;
    },
  },
  {
    code: 'overridable-initializers',
    find: ({ model }) => {
      const found = model.graph.inputs.filter((input) => model.graph.initializers.has(input.name));
      return found.length === 0 || model.irVersion < 4
        ? null
        : `${count(found.length, 'weight is a graph input', 'weights are graph inputs')} as well, which the caller may override, so nothing can be folded there; a clean step takes them out of the inputs.`;
    },
  },
  {
    code: 'opset-not-run',
    find: ({ model }) =>
      isOfOldOpset(model)
        ? `Opset ${opset(model)} is older than onnxruntime runs as a whole; make raise-opset the first clean step, and measure what comes out.`
        : null,
  },
  {
    code: 'opset-too-old',
    find: ({ model }) =>
      opset(model) >= 10 || isOfOldOpset(model)
        ? null
        : `Opset ${opset(model)} has no QuantizeLinear; a quantize step raises it to 13 by itself.`,
  },
  {
    code: 'opset-per-channel',
    find: ({ model }) =>
      opset(model) >= 13 || opset(model) < 10
        ? null
        : `Opset ${opset(model)} knows int8 per tensor only; a quantize step raises it to 13, for scales per channel.`,
  },
  {
    code: 'opset-blockwise',
    find: ({ model }) =>
      opset(model) >= 21
        ? null
        : `Opset ${opset(model)} has no scales per block and no 4-bit weights of its own; low-bit weights use onnxruntime's MatMulNBits, or raise it to 21 with the form DequantizeLinear.`,
  },
  {
    code: 'stays-float',
    find: ({ nodes }) => {
      const found = nodes.filter((node) => isStandard(node) && neverInt8.has(node.opType));
      const ops = [...new Set(found.map(({ opType }) => opType))].sort();
      return found.length === 0
        ? null
        : `${count(found.length, 'node stays', 'nodes stay')} float inside an int8 model for want of a kernel (${ops.join(', ')}); leave them without QuantizeLinear pairs, which would only cost time.`;
    },
  },
  {
    code: 'depthwise',
    find: ({ graphs }) => {
      const found = graphs.flatMap((index) => index.graph.nodes.filter((node) => isDepthwise(node, index)));
      return found.length === 0
        ? null
        : `${count(found.length, 'depthwise convolution reacts', 'depthwise convolutions react')} strongly to int8 per tensor; quantize per channel.`;
    },
  },
  {
    code: 'control-flow',
    find: ({ nodes }) => {
      const found = nodes.filter((node) => attributes.subgraphsOf(node).length > 0);
      const ops = [...new Set(found.map(({ opType }) => opType))].sort();
      return found.length === 0
        ? null
        : `${count(found.length, 'node holds a body', 'nodes hold bodies')} (${ops.join(', ')}); steps that need activations leave what is inside as it is.`;
    },
  },
  {
    code: 'custom-operators',
    find: ({ nodes, model }) => {
      const functions = new Set(model.functions.map(({ domain, name }) => `${domain}.${name}`));
      const found = nodes.filter(
        (node) => !isStandard(node) && node.domain !== 'ai.onnx.ml' && !functions.has(`${node.domain}.${node.opType}`),
      );
      const ops = [...new Set(found.map(({ domain, opType }) => `${domain}.${opType}`))].sort();
      return found.length === 0
        ? null
        : `${count(found.length, 'node is', 'nodes are')} outside the ONNX standard (${ops.slice(0, 4).join(', ')}${ops.length > 4 ? ' …' : ''}); the model and its variants run in onnxruntime only.`;
    },
  },
  {
    code: 'no-int8-dot-product',
    find: ({ cpu }) =>
      hasInt8DotProduct(cpu) !== false
        ? null
        : `This CPU (${cpu.name}) has no int8 dot product (VNNI): int8 gains less here, and u8·s8 sums can saturate unless the weight range is reduced to 7 bits.`,
  },
];

function followsLinear(node: Node, index: GraphIndex): boolean {
  if (node.opType !== 'BatchNormalization') return false;
  const before = index.producer(node.inputs[0] ?? '');
  return before !== undefined && ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'].includes(before.opType);
}

/** One input channel a group. */
function isDepthwise(node: Node, index: GraphIndex): boolean {
  if (node.opType !== 'Conv' || attributes.intOf(node, 'group', 1) === 1) return false;
  return weightShape(node.inputs[1] ?? '', index)?.[1] === 1;
}

/** Of an initializer, a Constant, or either of them behind a DequantizeLinear or Identity. */
function weightShape(value: string, index: GraphIndex): readonly number[] | undefined {
  const initializer = index.graph.initializers.get(value);
  if (initializer !== undefined) return initializer.shape;
  const producer = index.producer(value);
  if (producer?.opType === 'Constant') return attributes.tensorOf(producer, 'value')?.shape;
  if (producer?.opType === 'DequantizeLinear' || producer?.opType === 'Identity')
    return weightShape(producer.inputs[0] ?? '', index);
  return undefined;
}
