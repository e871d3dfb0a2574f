/**
 * A graph as it computes. What only carries values is seen through: Q/DQ pairs, casts to and from half precision, the
 * scales around integer products, and weights that are stored quantized. Operators of a float and of a quantized model
 * that compute the same are of one family, and their inputs have the same roles.
 */

import { attributes, type DType, type GraphIndex, type Node, type Tensor } from '../onnx/ir';
import { opName } from './fusion-report';

export interface SeenThrough {
  /** The value before quantization, or the weight as it is stored. */
  readonly value: string;
  /** As stored; null where nothing was seen through. */
  readonly dtype: DType | null;
}

export interface CoreGraph {
  readonly index: GraphIndex;
  /** Nodes that compute, in order. */
  readonly nodes: readonly Node[];
  /** Whether the node only carries a value into another precision or layout for the one behind it. */
  isCarrier(node: Node): boolean;
  /** Follows a value back through carriers and Identity. */
  see(value: string): SeenThrough;
  /** The node that computes a value, carriers seen through. */
  maker(value: string): Node | undefined;
  /** Who reads what a node makes, carriers seen through, and in which role. */
  readers(value: string): readonly Reading[];
  /** The initializer or Constant behind a value. */
  weight(value: string): Tensor | undefined;
}

export interface Reading {
  readonly node: Node;
  readonly role: number;
}

/** Where an operator of the quantized kind has the inputs that its float one has first. */
const roleInputs: Readonly<Record<string, readonly number[]>> = {
  QLinearConv: [0, 3, 8],
  QLinearMatMul: [0, 3],
  QGemm: [0, 3, 6],
  QLinearAdd: [0, 3],
  QLinearMul: [0, 3],
  QLinearSigmoid: [0],
  QLinearLeakyRelu: [0],
  QLinearSoftmax: [0],
  QLinearAveragePool: [0],
  QLinearGlobalAveragePool: [0],
  QLinearReduceMean: [0],
  MatMulInteger: [0, 1],
  ConvInteger: [0, 1],
  DynamicQuantizeMatMul: [0, 1, 4],
  MatMulIntegerToFloat: [0, 1, 6],
  MatMulNBits: [0, 1, 5],
  MatMulBnb4: [0, 1],
  QAttention: [0, 1, 2],
};

/** Inputs in the roles that they have in the float operator. */
export function inputsByRole({ opType, inputs }: Node): readonly string[] {
  if (opType === 'QLinearConcat') return inputs.filter((_, at) => at >= 2 && at % 3 === 2);
  const places = roleInputs[opType];
  return places === undefined ? inputs : places.map((at) => inputs[at] ?? '');
}

const families: Readonly<Record<string, string>> = {
  Gemm: 'MatMul',
  QGemm: 'MatMul',
  FusedGemm: 'MatMul',
  MatMulNBits: 'MatMul',
  MatMulBnb4: 'MatMul',
  MatMulIntegerToFloat: 'MatMul',
  MultiHeadAttention: 'Attention',
  QAttention: 'Attention',
};

/** Operators that compute the same in another precision or layout, or with more of what is around taken in. */
export function opFamily(node: Node): string {
  const { domain, opType } = node;
  if (domain !== '' && domain !== 'ai.onnx' && !domain.startsWith('com.microsoft')) return opName(node);
  return (
    families[opType] ?? opType.replace(/^(Nhwc)?(QLinear|DynamicQuantize|Fused)?(?=[A-Z])/, '').replace(/Integer$/, '')
  );
}

/** Inputs of these may change places. */
export function isCommutative(node: Node): boolean {
  return ['Add', 'Mul', 'Max', 'Min', 'Sum', 'And', 'Or', 'Equal'].includes(opFamily(node));
}

const quantizers = new Set(['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear']);
/** To and from the blocked layout of onnxruntime's convolutions. */
const reorders = new Set(['ReorderInput', 'ReorderOutput']);
const halves: readonly DType[] = ['float16', 'bfloat16'];
/** TensorProto.DataType. */
const castTargets: Readonly<Record<number, DType>> = { 1: 'float32', 10: 'float16', 16: 'bfloat16' };

export function coreGraph(index: GraphIndex): CoreGraph {
  return new SeenGraph(index);
}

class SeenGraph implements CoreGraph {
  readonly index: GraphIndex;
  readonly nodes: readonly Node[];
  readonly #carriers = new Set<Node>();
  readonly #readers = new Map<string, Reading[]>();
  readonly #isHalf: boolean;

  constructor(index: GraphIndex) {
    this.index = index;
    const { nodes, initializers } = index.graph;
    this.#isHalf =
      [...initializers.values()].some(({ dtype }) => halves.includes(dtype)) ||
      nodes.some((node) => node.opType === 'Cast' && halves.includes(castTo(node) ?? 'int8'));
    for (const node of nodes) if (this.#carries(node)) this.#carriers.add(node);
    this.nodes = nodes.filter((node) => !this.#carriers.has(node));
    for (const node of this.nodes) {
      for (const [role, input] of inputsByRole(node).entries()) {
        if (input === '') continue;
        const { value } = this.see(input);
        const readers = this.#readers.get(value);
        if (readers === undefined) this.#readers.set(value, [{ node, role }]);
        else readers.push({ node, role });
      }
    }
  }

  isCarrier(node: Node): boolean {
    return this.#carriers.has(node);
  }

  see(value: string): SeenThrough {
    let dtype: DType | null = null;
    for (let at = value; ; ) {
      const node = this.index.producer(at);
      const next = node === undefined ? undefined : this.#before(node, at);
      if (next === undefined) return { value: at, dtype };
      at = next.value;
      dtype ??= next.dtype;
    }
  }

  maker(value: string): Node | undefined {
    return this.index.producer(this.see(value).value);
  }

  readers(value: string): readonly Reading[] {
    return this.#readers.get(value) ?? [];
  }

  weight(value: string): Tensor | undefined {
    const seen = this.see(value).value;
    const producer = this.index.producer(seen);
    if (producer?.opType === 'Constant') return attributes.tensorOf(producer, 'value');
    return this.index.isInput(seen) ? undefined : this.index.graph.initializers.get(seen);
  }

  /** One step back, and the dtype that the value is stored in there. */
  #before(node: Node, value: string): SeenThrough | undefined {
    if (node.opType === 'Identity') return { value: node.inputs[0] ?? '', dtype: null };
    if (!this.#carriers.has(node)) return undefined;
    if (node.opType === 'Mul') return { value: this.#scaled(node) ?? '', dtype: null };
    const [stored = ''] = node.inputs;
    if (reorders.has(node.opType)) return { value: stored, dtype: null };
    const weight = this.index.graph.initializers.get(stored);
    if (node.opType === 'DequantizeLinear') return { value: stored, dtype: weight?.dtype ?? this.#zeroPointType(node) };
    if (node.opType === 'QuantizeLinear') return { value: stored, dtype: this.#zeroPointType(node) };
    if (node.opType === 'DynamicQuantizeLinear')
      return value === node.outputs[0] ? { value: stored, dtype: 'uint8' } : undefined;
    const half = castTo(node);
    return { value: stored, dtype: weight?.dtype ?? (half !== undefined && halves.includes(half) ? half : null) };
  }

  #zeroPointType({ inputs }: Node): DType {
    return this.index.graph.initializers.get(inputs[2] ?? '')?.dtype ?? 'uint8';
  }

  #carries(node: Node): boolean {
    if (node.opType === 'DequantizeLinear') return this.#dequantizes(node);
    if (quantizers.has(node.opType) || reorders.has(node.opType)) return true;
    if (node.opType === 'Cast') return this.#castCarries(node);
    return node.opType === 'Mul' && (this.#scaled(node) !== undefined || this.#isScale(node));
  }

  /** Codes that the caller feeds are not a float value in another form. */
  #dequantizes({ inputs: [stored = ''] }: Node): boolean {
    return this.index.producer(stored) !== undefined || this.index.graph.initializers.has(stored);
  }

  /** Casts of weights, of integer sums, and between the float types of a model that has several. */
  #castCarries(node: Node): boolean {
    const target = castTo(node);
    const [source = ''] = node.inputs;
    if (target === undefined) return false;
    if (this.index.graph.initializers.has(source) || this.#sumsIntegers(source)) return true;
    return this.#isHalf && !this.#isInteger(source);
  }

  #sumsIntegers(value: string): boolean {
    return this.index.producer(value)?.opType.endsWith('Integer') === true;
  }

  /** The input that a scale is put on: a cast integer sum, or a cast weight of codes. */
  #scaled({ inputs }: Node): string | undefined {
    return inputs.find((input) => {
      const cast = this.index.producer(input);
      if (cast?.opType !== 'Cast' || castTo(cast) === undefined) return false;
      const [source = ''] = cast.inputs;
      const codes = this.index.graph.initializers.get(source)?.dtype;
      return this.#sumsIntegers(source) || (codes !== undefined && /^u?int[248]$/.test(codes));
    });
  }

  /** A product of scales, one of which is made when the model runs. */
  #isScale({ inputs }: Node): boolean {
    return inputs.some((input) => {
      const producer = this.index.producer(input);
      return producer?.opType === 'DynamicQuantizeLinear' && producer.outputs[1] === input;
    });
  }

  #isInteger(value: string): boolean {
    const type = this.#statedType(value);
    if (type !== undefined) return /int|bool/.test(type);
    const producer = this.index.producer(value);
    if (producer === undefined) return false;
    if (producer.opType === 'Cast') return castTo(producer) === undefined;
    if (makesIntegers.has(producer.opType)) return true;
    const source = producer.inputs[producer.opType === 'Where' ? 1 : 0];
    return keepsType.has(producer.opType) && source !== undefined && this.#isInteger(source);
  }

  #statedType(value: string): DType | undefined {
    const { inputs, initializers, values } = this.index.graph;
    const stated = (inputs.find(({ name }) => name === value) ?? values.get(value))?.type;
    return initializers.get(value)?.dtype ?? (stated?.kind === 'tensor' ? stated.dtype : undefined);
  }
}

const makesIntegers = new Set(
  'And ArgMax ArgMin Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual NonZero Not Or Shape Size Xor'.split(
    ' ',
  ),
);
const keepsType = new Set(
  'Add Concat Expand Flatten Gather Identity Mul Neg Reshape Slice Squeeze Sub Tile Transpose Unsqueeze Where'.split(
    ' ',
  ),
);

/** The float type that a Cast gives; undefined for others. */
function castTo(node: Node): DType | undefined {
  const to = node.attributes.get('to');
  return to?.type === 'int' ? castTargets[Number(to.value)] : undefined;
}
