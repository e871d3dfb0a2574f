/**
 * Every combination of bits, block, zero points and form: stock onnxruntime loads it, and its outputs are those of a plain
 * float model whose weights were unpacked here, by the operators' own definitions.
 */

import { describe, it } from 'vitest';
import { resolveOptions } from '../../../src-main/contract';
import { readTensor, readTensorBytes } from '../../../src-main/onnx/file';
import { type Model, type NdArray, type Tensor, tensorFromArray } from '../../../src-main/onnx/ir';
import { blockWeights } from '../../../src-main/quantize/methods/block-weights';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';
import { stepContext } from '../../support/step-context';

/** A product, a Gemm, a table, and a table that the last product reads too. */
const text = `g (float[N,320] x, int64[N] ids) => (float[N,24] y, float[N,40] z, float[N,256] r, float[N,80] e) {
  y = MatMul(x, w)
  z = Gemm <transB = 1> (x, v, b)
  r = Gather(rows, ids)
  h = Gather(table, ids)
  t = Transpose(table)
  e = MatMul(h, t)
}`;
const weights = {
  w: { shape: [320, 24], inputs: 320, outputs: 24 },
  v: { shape: [40, 320], inputs: 320, outputs: 40 },
  rows: { shape: [100, 256], inputs: 256, outputs: 100 },
  table: { shape: [80, 256], inputs: 256, outputs: 80 },
} as const;
type Weight = keyof typeof weights;
const b = randomTensor('b', [40], 9);
const original = modelFromText(text, [
  ...Object.entries(weights).map(([name, { shape }], at) => randomTensor(name, shape, at + 1)),
  b,
]);

/** The `at`-th number of `bits` bits, the first of a byte in its lowest bits. */
function numberAt(bytes: Uint8Array, at: number, bits: number): number {
  return (bytes[Math.floor((at * bits) / 8)]! >> ((at * bits) % 8)) & (2 ** bits - 1);
}

/** The weight [outputs, inputs] that the stored tensors stand for; the block follows from their shapes. */
function unpacked(model: Model, name: Weight, isPortable: boolean): Float32Array {
  const { inputs, outputs } = weights[name];
  const tensor = (part: string): Tensor | undefined => model.graph.initializers.get(`${name}_${part}`);
  const floatsOf = (part: string) => (readTensor(tensor(part) as Tensor) as NdArray<'float32'>).data;
  const codes = tensor('codes') as Tensor;
  const stored = readTensorBytes(codes);
  const scales = floatsOf('scales');
  const blocks = scales.length / outputs;
  const isTable = name === 'rows' || name === 'table';
  const bits = isPortable ? Number(/\d+$/.exec(codes.dtype)?.[0]) : bitsOf(model, name);
  const block = blockOf(model, name);
  const isSigned = codes.dtype.startsWith('int');
  const zeros = tensor('zero_points');
  const offsets = tensor('offsets');
  const middle = isSigned ? 0 : 2 ** (bits - 1);
  const rowBytes = isPortable ? 0 : (blocks * block * bits) / 8;
  const zeroRow = Math.ceil((blocks * bits) / 8) * (8 / bits);
  return Float32Array.from({ length: inputs * outputs }, (_, i) => {
    const [output, input] = [Math.floor(i / inputs), i % inputs];
    const at = Math.floor(input / block);
    const byRows = isTable ? output * blocks + at : at * outputs + output;
    const place = isPortable ? byRows : output * blocks + at;
    const index = isPortable ? (isTable ? i : input * outputs + output) : (output * rowBytes * 8) / bits + input;
    const raw = numberAt(stored, index, bits);
    const code = isSigned && raw >= 2 ** (bits - 1) ? raw - 2 ** bits : raw;
    let zero = middle;
    if (zeros?.dtype === 'float32') zero = floatsOf('zero_points')[place]!;
    else if (zeros !== undefined)
      zero = numberAt(readTensorBytes(zeros), isPortable ? place : output * zeroRow + at, bits);
    const offset = offsets === undefined ? 0 : floatsOf('offsets')[at * outputs + output]!;
    return scales[place]! * (code - zero) + offset;
  });
}

/** The node that reads the codes of a weight. */
function readerOf(model: Model, name: Weight) {
  const isOperator = (type: string) => ['MatMulNBits', 'GatherBlockQuantized', 'DequantizeLinear'].includes(type);
  const { nodes } = model.graph;
  const feeders = new Set([`${name}_codes`]);
  for (const node of nodes)
    if (['Gather', 'Reshape'].includes(node.opType) && feeders.has(node.inputs[0] as string))
      feeders.add(node.outputs[0] as string);
  return nodes.find(({ opType, inputs }) => isOperator(opType) && inputs.some((input) => feeders.has(input)))!;
}

function attributeOf(model: Model, name: Weight, attribute: string): number {
  const found = readerOf(model, name).attributes.get(attribute);
  return found?.type === 'int' ? Number(found.value) : Number.NaN;
}

const bitsOf = (model: Model, name: Weight) => attributeOf(model, name, 'bits');
const blockOf = (model: Model, name: Weight) => attributeOf(model, name, 'block_size');

/** The float model with the weights that the stored tensors stand for. */
function plain(model: Model, isPortable: boolean): Model {
  const tensors = (Object.keys(weights) as Weight[]).map((name) => {
    const { shape, inputs, outputs } = weights[name];
    const turned = unpacked(model, name, isPortable); // [outputs, inputs]
    const data =
      shape[0] === outputs ? turned : turned.map((_, i) => turned[(i % outputs) * inputs + Math.floor(i / outputs)]!);
    return tensorFromArray(name, { dtype: 'float32', shape, data });
  });
  return modelFromText(text, [...tensors, b]);
}

const bits = ['8', '4', '3', '2'] as const;
const blocks = [16, 32, 64, 128, 256] as const;
const zeroPoints = ['none', 'integer', 'float'] as const;

describe.each(['matmul-nbits', 'dequantize-linear'] as const)('%s', (form) => {
  it.each(
    bits.flatMap((bits) => blocks.flatMap((block) => zeroPoints.map((zeroPoints) => ({ bits, block, zeroPoints })))),
  )('$bits bits, blocks of $block, zero points $zeroPoints', async ({ bits, block, zeroPoints }) => {
    const tableBits = block % 32 === 0 ? '4' : '8';
    const given = { bits, block, zeroPoints, form, tableBits, algorithm: 'nearest', floatActivations: true };
    const options = resolveOptions(blockWeights.options, given, 'test');
    const { model } = await blockWeights.run(original, options, {}, stepContext(original));
    // The same float32 products in another order: sums of 320 terms.
    await expectSameOutputs(plain(model, form !== 'matmul-nbits'), model, { tolerance: 1e-5, dims: { N: 4 } });
  });
});
