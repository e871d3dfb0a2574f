/**
 * Weights of few bits with a scale a block, as MatMulNBits and block-wise DequantizeLinear hold them: real numbers W
 * [rows, block] (a row a block) behind fake quantization, w = s·(clip(round(w/s) + z, 0, levels) − z).
 * Sources: onnxruntime, docs/ContribOperators.md (MatMulNBits); ONNX DequantizeLinear 21; Jacob et al. 2018
 * (arXiv:1712.05877) for the training.
 */

import { readTensor, readTensorBytes } from '../../onnx/file';
import {
  attributes,
  type Graph,
  int64Tensor,
  type Model,
  makeNode,
  type Node,
  Patch,
  type Tensor,
  tensorFromArray,
} from '../../onnx/ir';
import { packBits, roundHalfToEven, unpackBits } from './bits';
import type { TrainableCodes } from './trainable-codes';

/** Where elements lie: `packed` as MatMulNBits has them, `columns` [inputs, outputs], `rows` [outputs, inputs]. */
type Layout = 'packed' | 'columns' | 'rows';

interface BlockWeight {
  readonly node: Node;
  readonly layout: Layout;
  readonly inputs: number;
  readonly outputs: number;
  readonly block: number;
  readonly bits: number;
  readonly codes: Tensor;
  readonly scale: Tensor;
  /** null: in the middle of unsigned codes, 0 of signed ones. */
  readonly zero: Tensor | null;
  readonly isSigned: boolean;
}

/** A weight as rows of blocks, its scales made positive: a negative one counts codes from the other end. */
interface BlockRows {
  /** [outputs · blocks, block] */
  readonly real: Float32Array;
  /** [outputs · blocks] */
  readonly scales: Float32Array;
  readonly zeros: Uint8Array;
  readonly isTurned: readonly boolean[];
}

const { int, ints } = attributes;

/** @param mayTouch whether a node is among the Step's targets */
export function blockCodes(
  model: Model,
  mayTouch: (node: { name: string; opType: string }) => boolean,
): TrainableCodes {
  const patch = new Patch(model.graph);
  const skipped: { node: string; reason: string }[] = [];
  const weights: { weight: BlockWeight; rows: BlockRows; real: string; scale: string; above: string }[] = [];
  for (const node of model.graph.nodes) {
    const weight = blockWeight(model.graph, node);
    if (weight === null) continue;
    const reason = typeof weight === 'string' ? weight : 'not among the targets: frozen';
    if (typeof weight === 'string' || !mayTouch(node)) {
      skipped.push({ node: node.name, reason });
      continue;
    }
    const rows = blockRows(weight);
    weights.push({ weight, rows, ...writeFakeQuantization(patch, weight, rows) });
  }
  return {
    model: { ...model, graph: patch.apply() },
    count: weights.length,
    parameters: weights.map(({ real }) => real),
    constants: weights.map(({ above }) => above),
    skipped,
    codes: (trained, scaleOf) =>
      new Map(
        weights.flatMap(({ weight, rows, real, scale }) => {
          const values = readTensor(trained.graph.initializers.get(real) as Tensor).data as Float32Array;
          return codesOf(weight, rows, values, scaleOf(scale)).map((tensor) => [tensor.name, tensor] as const);
        }),
      ),
  };
}

/** null: not of this kind; a sentence: why it cannot be trained. */
function blockWeight(graph: Graph, node: Node): BlockWeight | string | null {
  const isProduct = node.domain === 'com.microsoft' && node.opType === 'MatMulNBits';
  if (isProduct) return productWeight(graph, node);
  if (node.opType !== 'DequantizeLinear' || node.domain !== '') return null;
  const block = attributes.intOf(node, 'block_size', 0);
  const [codes, scale, zero] = node.inputs.map((name) => graph.initializers.get(name));
  if (block === 0 || codes === undefined) return null;
  const bits = Number(/^u?int([248])$/.exec(codes.dtype)?.[1] ?? 0);
  if (bits === 0 || codes.shape.length !== 2) return 'codes of this type or rank are not trained';
  if (scale?.dtype !== 'float32') return 'its scales are computed, or no float32';
  const axis = attributes.intOf(node, 'axis', 1);
  const isColumns = axis === 0 || axis === -2;
  const [first, second] = codes.shape as readonly [number, number];
  return {
    node,
    layout: isColumns ? 'columns' : 'rows',
    inputs: isColumns ? first : second,
    outputs: isColumns ? second : first,
    block,
    bits,
    codes,
    scale,
    zero: zero ?? null,
    isSigned: codes.dtype.startsWith('int'),
  };
}

function productWeight(graph: Graph, node: Node): BlockWeight | string {
  const [, codes, scale, zero] = node.inputs.map((name) => graph.initializers.get(name));
  if (codes === undefined || scale?.dtype !== 'float32') return 'its weight or scales are computed, or no float32';
  if ((node.inputs[4] ?? '') !== '') return 'its inputs are in another order (g_idx)';
  if (zero !== undefined && zero.dtype !== 'uint8') return 'its zero points are no whole numbers';
  return {
    node,
    layout: 'packed',
    inputs: attributes.intOf(node, 'K', 0),
    outputs: attributes.intOf(node, 'N', 0),
    block: attributes.intOf(node, 'block_size', 0),
    bits: attributes.intOf(node, 'bits', 4),
    codes,
    scale,
    zero: zero ?? null,
    isSigned: false,
  };
}

function blocksOf({ inputs, block }: BlockWeight): number {
  return Math.ceil(inputs / block);
}

/** Place of element `i` of a row in the stored codes; −1 beyond the last input. */
function placeOf(weight: BlockWeight, row: number, i: number): number {
  const { layout, inputs, outputs, block } = weight;
  const blocks = blocksOf(weight);
  const input = (row % blocks) * block + i;
  if (input >= inputs) return -1;
  const output = Math.floor(row / blocks);
  if (layout === 'packed') return row * block + i;
  return layout === 'columns' ? input * outputs + output : output * inputs + input;
}

/** Place of a row's scale, and of its zero point among unpacked ones. */
function scalePlace(weight: BlockWeight, row: number): number {
  const blocks = blocksOf(weight);
  return weight.layout === 'columns' ? (row % blocks) * weight.outputs + Math.floor(row / blocks) : row;
}

/** Codes as unsigned numbers from 0. */
function unsigned({ bits, isSigned }: BlockWeight, bytes: Uint8Array, count: number): Uint8Array {
  const flip = isSigned ? 2 ** (bits - 1) : 0;
  return unpackBits(bytes, bits, count).map((code) => code ^ flip);
}

function blockRows(weight: BlockWeight): BlockRows {
  const { block, bits, outputs, codes, zero } = weight;
  const rows = outputs * blocksOf(weight);
  const stored = unsigned(weight, readTensorBytes(codes), (readTensorBytes(codes).length * 8) / bits);
  const given = readTensor(weight.scale).data as Float32Array;
  const levels = 2 ** bits - 1;
  const zeroPoints = zero === null ? null : zeroPointsOf(weight, zero, rows);
  const real = new Float32Array(rows * block);
  const scales = new Float32Array(rows);
  const zeros = new Uint8Array(rows);
  const isTurned: boolean[] = [];
  for (let row = 0; row < rows; row++) {
    const scale = given[scalePlace(weight, row)] as number;
    const point = zeroPoints?.[scalePlace(weight, row)] ?? 2 ** (bits - 1);
    isTurned.push(scale < 0);
    // A block of zeros has no scale; any will do.
    scales[row] = Math.abs(scale) || 1;
    zeros[row] = scale < 0 ? levels - point : point;
    for (let i = 0; i < block; i++) {
      const place = placeOf(weight, row, i);
      if (place >= 0) real[row * block + i] = scale * ((stored[place] as number) - point);
    }
  }
  return { real, scales, zeros, isTurned };
}

/** One a row in the order of {@link scalePlace}; those of MatMulNBits begin a new byte with each output. */
function zeroPointsOf(weight: BlockWeight, zero: Tensor, rows: number): Uint8Array {
  const bytes = readTensorBytes(zero);
  if (weight.layout !== 'packed') return unsigned(weight, bytes, rows);
  const blocks = blocksOf(weight);
  const perOutput = Math.ceil((blocks * weight.bits) / 8);
  const points = new Uint8Array(rows);
  for (let output = 0; output < weight.outputs; output++)
    points.set(unpackBits(bytes.subarray(output * perOutput), weight.bits, blocks), output * blocks);
  return points;
}

/** W [rows, block] → Min → Q → DQ → the weight as the node had it. */
function writeFakeQuantization(patch: Patch, weight: BlockWeight, rows: BlockRows) {
  const { node, inputs, outputs, block, bits, layout } = weight;
  const blocks = blocksOf(weight);
  const stem = weight.codes.name;
  const constant = (
    name: string,
    dtype: 'float32' | 'uint8',
    shape: readonly number[],
    data: Float32Array | Uint8Array,
  ) => {
    const fresh = patch.freshName(`${stem}:${name}`);
    patch.setInitializer(tensorFromArray(fresh, { dtype: dtype as 'float32', shape, data: data as Float32Array }));
    return fresh;
  };
  const add = (opType: string, values: readonly string[], extra = {}): string => {
    const output = patch.freshName(`${stem}:${opType}`);
    patch.addNode(makeNode(opType, patch.freshName(`${node.name}:${opType}`), values, [output], extra));
    return output;
  };
  const integers = (name: string, values: readonly number[]): string => {
    const fresh = patch.freshName(`${stem}:${name}`);
    patch.setInitializer(int64Tensor(fresh, [values.length], values));
    return fresh;
  };
  const count = rows.scales.length;
  const real = constant('real', 'float32', [count, block], rows.real);
  const scale = constant('scale', 'float32', [count], rows.scales);
  const zero = constant('zero', 'uint8', [count], rows.zeros);
  const levels = 2 ** bits - 1;
  const column = integers('column', [count, 1]);
  const above = constant(
    'above',
    'float32',
    [count, 1],
    Float32Array.from(rows.zeros, (point) => levels - point),
  );
  // Codes of uint8 end at 255 by themselves.
  const clipped = bits === 8 ? real : add('Min', [real, add('Mul', [add('Reshape', [scale, column]), above])]);
  const axis = { axis: int(0) };
  const fake = add('DequantizeLinear', [add('QuantizeLinear', [clipped, scale, zero], axis), scale, zero], axis);
  const whole = add('Reshape', [fake, integers('whole', [outputs, blocks * block])]);
  const cut =
    blocks * block === inputs
      ? whole
      : add('Slice', [whole, integers('start', [0]), integers('end', [inputs]), integers('axis', [1])]);
  const matrix = layout === 'rows' ? cut : add('Transpose', [cut], { perm: ints([1, 0]) });
  patch.removeNode(node.name);
  const [x] = node.inputs as readonly [string];
  const bias = layout === 'packed' ? (node.inputs[5] ?? '') : '';
  const [opType, reads] =
    layout !== 'packed'
      ? ['Identity', [matrix]]
      : bias === ''
        ? ['MatMul', [x, matrix]]
        : ['Add', [add('MatMul', [x, matrix]), bias]];
  patch.addNode(makeNode(opType as string, node.name, reads as string[], node.outputs));
  return { real, scale, above };
}

/** @param real [rows, block]; @param scales [rows], positive */
function codesOf(weight: BlockWeight, rows: BlockRows, real: Float32Array, scales: Float32Array): Tensor[] {
  const { block, bits, codes, scale, isSigned } = weight;
  const levels = 2 ** bits - 1;
  const flip = isSigned ? 2 ** (bits - 1) : 0;
  const made = new Uint8Array((readTensorBytes(codes).length * 8) / bits);
  const signed = new Float32Array((readTensor(scale).data as Float32Array).length);
  scales.forEach((size, row) => {
    const isTurned = rows.isTurned[row] as boolean;
    signed[scalePlace(weight, row)] = isTurned ? -size : size;
    for (let i = 0; i < block; i++) {
      const place = placeOf(weight, row, i);
      if (place < 0) continue;
      const exact = roundHalfToEven((real[row * block + i] as number) / size) + (rows.zeros[row] as number);
      const code = Math.min(levels, Math.max(0, exact));
      made[place] = (isTurned ? levels - code : code) ^ flip;
    }
  });
  const bytes = packBits(made, bits);
  return [
    { ...codes, data: { kind: 'inline', bytes } },
    tensorFromArray(scale.name, { dtype: 'float32', shape: scale.shape, data: signed }),
  ];
}
