import { expect, test } from 'vitest';
import { readTensorBytes } from '../../../src-main/onnx/file';
import { indexGraph, type Tensor } from '../../../src-main/onnx/ir';
import { constantsOf } from '../../../src-main/quantize/constants';
import { modelFromText } from '../../support/model-from-text';

test('a transposed constant is read window by window from a source that is read once', () => {
  const [rows, columns] = [7, 5];
  const values = Float32Array.from({ length: rows * columns }, (_, at) => at);
  let reads = 0;
  const read = (start: number, end: number): Uint8Array => {
    reads++;
    return new Uint8Array(values.buffer).subarray(start, end);
  };
  const weight: Tensor = {
    name: 'w',
    dtype: 'float32',
    shape: [rows, columns],
    data: { kind: 'derived', length: values.byteLength, read },
  };
  const { graph } = modelFromText('g (float[N,5] x) => (float[N,7] y) { t = Transpose (w) y = MatMul (x, t) }', [
    weight,
  ]);
  const turned = constantsOf(indexGraph(graph)).tensor('t') as Tensor;
  expect(turned.shape).toEqual([columns, rows]);
  // Windows that cut elements as well as rows.
  const windows = [0, 3, 30, 61, 140].map((start, at, all) => readTensorBytes(turned, start, all[at + 1] ?? start));
  const bytes = new Uint8Array(Buffer.concat(windows));
  const expected = Array.from({ length: rows * columns }, (_, at) => (at % rows) * columns + Math.floor(at / rows));
  expect([...new Float32Array(bytes.buffer)]).toEqual(expected);
  expect(reads).toBe(1);
});
