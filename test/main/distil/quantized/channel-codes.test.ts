import { describe, expect, it } from 'vitest';
import { channelCodes } from '../../../../src-main/distil/quantized/channel-codes';
import { readTensor } from '../../../../src-main/onnx/file';
import { type Model, type NdArray, tensorFromArray } from '../../../../src-main/onnx/ir';
import { expectSameOutputs, modelFromText } from '../../../support/model-from-text';
import { floats } from '../../../support/run-emitted';

const integers = (name: string, dtype: 'int8' | 'int32', shape: readonly number[], values: readonly number[]) =>
  tensorFromArray(name, {
    dtype,
    shape,
    data: dtype === 'int8' ? Int8Array.from(values) : Int32Array.from(values),
  } as NdArray);

/** y = x·w + b behind Q/DQ; x counts in 0.5, the columns of w in 0.25 and 2, so that b counts in 0.125 and 1. */
const quantized = modelFromText(
  `<ir_version: 10, opset_import: ["" : 18]>
   g (float[N, 2] x) => (float[N, 2] y) {
     q = QuantizeLinear(x, sx, zx)  d = DequantizeLinear(q, sx, zx)
     w = DequantizeLinear <axis = 1> (codes, sw, zw)
     b = DequantizeLinear <axis = 0> (biases, sb)
     y = Gemm(d, w, b)
   }`,
  [
    tensorFromArray('sx', floats([], [0.5])),
    integers('zx', 'int8', [], [0]),
    integers('codes', 'int8', [2, 2], [1, 2, -3, 127]),
    tensorFromArray('sw', floats([2], [0.25, 2])),
    integers('zw', 'int8', [2], [0, 0]),
    integers('biases', 'int32', [2], [8, -5]),
    tensorFromArray('sb', floats([2], [0.125, 1])),
  ],
);

const realOf = (model: Model, name: string) =>
  Array.from(readTensor(model.graph.initializers.get(name) as never).data as Float32Array);

describe('channelCodes', () => {
  it('puts real numbers in the place of codes, with the same outputs', async () => {
    const { model, count } = channelCodes(quantized);
    expect(count).toBe(1);
    expect(realOf(model, 'codes:real')).toEqual([0.25, 4, -0.75, 254]);
    expect(realOf(model, 'biases:real')).toEqual([1, -5]);
    await expectSameOutputs(quantized, model);
  });

  it('rounds them to the scales that are there by then, biases to the products of those', () => {
    const found = channelCodes(quantized);
    const scales: Readonly<Record<string, number[]>> = { sx: [1], sw: [0.5, 2] };
    const codes = found.codes(found.model, (name) => Float32Array.from(scales[name] ?? []));
    const valuesOf = (name: string) => Array.from(readTensor(codes.get(name) as never).data as Int8Array);
    // 0.25/0.5 = 0.5 rounds to the even 0, −0.75/0.5 = −1.5 to −2.
    expect(valuesOf('codes')).toEqual([0, 2, -2, 127]);
    expect(valuesOf('sb')).toEqual([0.5, 2]);
    // 1/0.5 and −5/2 = −2.5, to the even −2.
    expect(valuesOf('biases')).toEqual([2, -2]);
  });
});
