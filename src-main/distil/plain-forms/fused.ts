/**
 * onnxruntime's fused operators in plain ones: embeddings, sums before norms, gelus with a bias, products of turned matrices,
 * products and convolutions with their activation, products with weights of few bits.
 * Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.
 */

import { attributes } from '../../onnx/ir';
import { unsupported } from '../gradient';
import { countTo, type PlainForm, type Site, sumOf } from './plain-form';

const { float, floatOf, floatsOf, int, intOf, stringOf } = attributes;

/** Y, mean, 1/deviation, X + skip + bias. */
export const SkipLayerNormalization: PlainForm = ({ emit, node, input }) => {
  const sum = sumOf(emit, [input(0), input(1), input(4)]);
  const attrs = { axis: int(-1), epsilon: float(floatOf(node, 'epsilon', 1e-12)) };
  const norms = [sum, input(2), input(3)].filter((name) => name !== '');
  return [emit.op('LayerNormalization', norms, attrs), null, null, sum];
};

export const SkipSimplifiedLayerNormalization: PlainForm = ({ emit, node, input }) => {
  const sum = sumOf(emit, [input(0), input(1), input(3)]);
  const attrs = { axis: int(-1), epsilon: float(floatOf(node, 'epsilon', 1e-12)) };
  return [emit.op('SimplifiedLayerNormalization', [sum, input(2)], attrs), null, null, sum];
};

export const BiasGelu: PlainForm = ({ emit, input }) => [
  emit.op('Gelu', [sumOf(emit, [input(0), input(1)])], {}, 'com.microsoft'),
];

/** ½x(1 + tanh(√(2/π)(x + 0.044715x³))), x with its bias. */
export const FastGelu: PlainForm = ({ emit, input }) => {
  const x = sumOf(emit, [input(0), input(1)]);
  const cubic = emit.add(emit.scalar(1), emit.scale(emit.mul(x, x), 0.044715));
  const t = emit.op('Tanh', [emit.mul(emit.scale(x, Math.sqrt(2 / Math.PI)), cubic)]);
  return [emit.mul(emit.scale(x, 0.5), emit.add(emit.scalar(1), t))];
};

export const FusedMatMul: PlainForm = ({ emit, node, input, shape }) => {
  if (intOf(node, 'transBatchA', 0) + intOf(node, 'transBatchB', 0) > 0)
    throw unsupported(node, 'batches that are turned with their matrices');
  const turned = (at: 0 | 1, asked: number) => {
    const rank = shape(input(at)).length;
    if (asked === 0 || rank < 2) return input(at);
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
    return emit.transpose(input(at), perm);
  };
  const product = emit.matmul(turned(0, intOf(node, 'transA', 0)), turned(1, intOf(node, 'transB', 0)));
  return [emit.scale(product, floatOf(node, 'alpha', 1))];
};

/** A convolution, what is added to it, and an activation with its numbers. */
export const FusedConv: PlainForm = (site) => {
  const { emit, node, input } = site;
  const own = new Map([...node.attributes].filter(([name]) => !name.startsWith('activation')));
  const operands = [input(0), input(1), input(2)].filter((name) => name !== '');
  const sum = sumOf(emit, [emit.op('Conv', operands, Object.fromEntries(own)), input(3)]);
  return [activated(site, sum, floatsOf(node, 'activation_params', []))];
};

/** α·A'·B' + β·C with an activation. */
export const FusedGemm: PlainForm = (site) => {
  const { emit, node, input } = site;
  const own = new Map([...node.attributes].filter(([name]) => !name.startsWith('activation')));
  const operands = [input(0), input(1), input(2)].filter((name) => name !== '');
  const numbers = ['activation_alpha', 'activation_beta', 'activation_gamma'].map((name) => floatOf(node, name, 0));
  return [activated(site, emit.op('Gemm', operands, Object.fromEntries(own)), numbers)];
};

function activated({ emit, node }: Site, value: string, [first = 0, second = 0]: readonly number[]): string {
  const activation = stringOf(node, 'activation', '');
  if (activation === '') return value;
  if (activation === 'Relu' || activation === 'Tanh' || activation === 'Sigmoid') return emit.op(activation, [value]);
  if (activation === 'LeakyRelu') return emit.op(activation, [value], { alpha: float(first) });
  if (activation === 'HardSigmoid') return emit.op(activation, [value], { alpha: float(first), beta: float(second) });
  if (activation === 'Clip') return emit.op(activation, [value, emit.scalar(first), emit.scalar(second)]);
  throw unsupported(node, `the activation ${activation}`);
}

/**
 * Tables of words, positions and, where there are any, segments: Y, the number of marks of each row of the mask, the sum of
 * what was read.
 */
export const EmbedLayerNormalization: PlainForm = ({ emit, node, input }) => {
  const read = (table: number, places: string) =>
    input(table) === '' || places === '' ? '' : emit.op('Gather', [input(table), places]);
  const positions = input(8) === '' ? countTo(emit, emit.dimOf(input(0), 1)) : input(8);
  const sum = sumOf(emit, [read(2, input(0)), read(3, positions), read(4, input(1))]);
  const attrs = { axis: int(-1), epsilon: float(floatOf(node, 'epsilon', 1e-12)) };
  const y = emit.op('LayerNormalization', [sum, input(5), input(6)], attrs);
  const marks = input(7) === '' ? null : emit.op('ReduceSum', [input(7), emit.integers([1])], { keepdims: int(0) });
  return [y, marks, sum];
};

/** The same under an older name. */
export const TransposeMatMul = FusedMatMul;

/**
 * x·Wᵀ + bias, W [N, K] held as codes of few bits [N, blocks, bytes of a block] with a scale and a zero point a block:
 * w = s·(code − z).
 */
export const MatMulNBits: PlainForm = ({ emit, node, input, shape, dtype }) => {
  if (input(4) !== '') throw unsupported(node, 'weights in another order (g_idx)');
  const [bits, block] = [intOf(node, 'bits', 4), intOf(node, 'block_size', 32)];
  const [width, outputs] = [intOf(node, 'K', 0), intOf(node, 'N', 0)];
  const blocks = Math.ceil(width / block);
  if (![2, 4, 8].includes(bits)) throw unsupported(node, `weights of ${bits} bits`);
  if (dtype(input(2)) !== 'float32') throw unsupported(node, `scales of type ${dtype(input(2))}`);
  /** [N, .., bytes] → [N, .., codes], the lowest bits of a byte first. */
  const unpacked = (packed: string, rank: number): string => {
    const count = 8 / bits;
    if (count === 1) return emit.cast(packed, 'float32');
    const parts = Array.from({ length: count }, (_, at) => {
      const wide = emit.op('Div', [emit.cast(packed, 'int64'), emit.integers([2 ** (bits * at)])]);
      return emit.unsqueeze(emit.op('Mod', [wide, emit.integers([2 ** bits])]), [rank]);
    });
    const whole = emit.op('Concat', parts, { axis: int(rank) });
    return emit.cast(emit.reshape(whole, [...Array<number>(rank - 1).fill(0), -1]), 'float32');
  };
  const perBlock = (value: string) => emit.reshape(value, [outputs, blocks, 1]);
  const zeroPoints = () => {
    if (input(3) === '') return emit.scalar(2 ** (bits - 1));
    if (dtype(input(3)) !== 'uint8') return perBlock(input(3));
    const codes = unpacked(emit.reshape(input(3), [outputs, -1]), 2);
    return perBlock(emit.slice(codes, [0], [blocks], [1]));
  };
  const codes = unpacked(shape(input(1)).length === 3 ? input(1) : emit.reshape(input(1), [outputs, blocks, -1]), 3);
  const real = emit.mul(emit.sub(codes, zeroPoints()), perBlock(input(2)));
  const weight = emit.slice(emit.reshape(real, [outputs, blocks * block]), [0], [width], [1]);
  return [sumOf(emit, [emit.matmul(input(0), emit.transpose(weight, [1, 0])), input(5)])];
};
