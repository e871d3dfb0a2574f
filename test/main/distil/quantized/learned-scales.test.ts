import { describe, expect, it } from 'vitest';
import { learnedScales } from '../../../../src-main/distil/quantized/learned-scales';
import { type Model, tensorFromArray } from '../../../../src-main/onnx/ir';
import { expectSameOutputs, modelFromText } from '../../../support/model-from-text';
import { floats } from '../../../support/run-emitted';

/** A value, the same handed on, and another one: three pairs, two scales. */
const pairs = modelFromText(
  `<ir_version: 10, opset_import: ["" : 18]>
   g (float[N, 4] x) => (float[N, 4] y)
   <float s = {0.1}, float handed = {0.1}, float other = {0.2}, int8 zero = {0}>
   {
     q1 = QuantizeLinear(x, s, zero)  d1 = DequantizeLinear(q1, s, zero)
     q2 = QuantizeLinear(d1, handed, zero)  d2 = DequantizeLinear(q2, handed, zero)
     r = Relu(d2)
     q3 = QuantizeLinear(r, other, zero)  y = DequantizeLinear(q3, other, zero)
   }`,
);

describe('learnedScales', () => {
  it('makes one parameter of equal scales and leaves the outputs as they are', async () => {
    const { model, parameters } = learnedScales(pairs);
    expect(parameters).toHaveLength(2);
    await expectSameOutputs(pairs, model, { tolerance: 1e-6 });
  });

  it('gives each name the scale of its parameter', () => {
    const { model, parameters, tensors, scaleOf } = learnedScales(pairs);
    const initializers = new Map(model.graph.initializers);
    const [first] = parameters as [string];
    initializers.set(first, tensorFromArray(first, floats([], [Math.log(0.5)])));
    const trained: Model = { ...model, graph: { ...model.graph, initializers } };
    expect(scaleOf(trained, 's')[0]).toBeCloseTo(0.5, 6);
    expect(scaleOf(trained, 'handed')[0]).toBeCloseTo(0.5, 6);
    expect(scaleOf(trained, 'other')[0]).toBeCloseTo(0.2, 6);
    expect([...tensors(trained).keys()].sort()).toEqual(['handed', 'other', 's']);
  });
});
