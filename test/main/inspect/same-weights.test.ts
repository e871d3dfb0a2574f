import { expect, it } from 'vitest';
import { sameWeights } from '../../../src-main/inspect';
import { Random } from '../../../src-main/kernels/random';
import { floatTensor, int64Tensor, type NdArray, type Tensor, tensorFromArray } from '../../../src-main/onnx/ir';

const [rows, columns] = [40, 30];
const random = new Random(1);
const weights = Array.from({ length: 3 }, () => Float32Array.from({ length: rows * columns }, () => random.normal()));
const before = weights.map((values, at) => named(floatTensor(`w${at}`, [rows, columns], values)));
function named(tensor: Tensor): { name: string; tensor: Tensor } {
  return { name: tensor.name, tensor };
}
const int8 = (name: string, shape: number[], values: Float32Array): Tensor =>
  tensorFromArray(name, {
    dtype: 'int8',
    shape,
    data: Int8Array.from(values, (value) => Math.round(value * 30)),
  } as NdArray<'int8'>);

it('finds weights again that are copied, rounded to 8 bits, pruned, or turned round', () => {
  const [copied, rounded, pruned] = weights as [Float32Array, Float32Array, Float32Array];
  const turned = rounded.map((_, at) => rounded[(at % rows) * columns + Math.floor(at / rows)] as number);
  const sparse = pruned.map((value) => (Math.abs(value) < 1.5 ? 0 : value));
  const after = [
    named(int8('q', [columns, rows], turned)),
    named(floatTensor('s', [rows, columns], sparse)),
    named(floatTensor('c', [rows, columns], copied)),
  ];
  expect(sameWeights(before, after)).toEqual(
    new Map([
      ['w0', 'c'],
      ['w1', 'q'],
      ['w2', 's'],
    ]),
  );
});

it('says nothing of weights that have nothing in common, nor of those that are there several times', () => {
  const other = Float32Array.from({ length: rows * columns }, () => random.normal());
  expect(sameWeights(before, [named(floatTensor('o', [rows, columns], other))]).size).toBe(0);
  const ones = [named(int64Tensor('a', [1], [1])), named(int64Tensor('b', [1], [1]))];
  expect(sameWeights(ones, [named(int64Tensor('c', [1], [1]))]).size).toBe(0);
  expect(sameWeights(ones.slice(1), [named(int64Tensor('c', [1], [1]))])).toEqual(new Map([['b', 'c']]));
});
