import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../../src-main/onnx/file';
import type { NdArray, Tensor } from '../../../src-main/onnx/ir';
import { compareOutputs, relativeDifference } from '../../../src-main/passes/compare-outputs';
import { alongAxis, scaleTensor } from '../../../src-main/passes/scale-tensor';
import { modelFromText } from '../../support/model-from-text';

const path = fileURLToPath(new URL('../../models/mnist-cnn/model-bn.onnx', import.meta.url));
const floats = (...values: number[]): NdArray => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});

describe('relativeDifference', () => {
  it('is the largest difference over the largest magnitude', () => {
    expect(relativeDifference(floats(1, -4, 2), floats(1, -4, 3))).toBe(0.25);
  });
  it('counts what is lost in a rounding at 1 as nothing, and NaN for a number as everything', () => {
    expect(relativeDifference(floats(1e-7), floats(2e-7))).toBe(0);
    expect(relativeDifference(floats(1, NaN), floats(1, NaN))).toBe(0);
    expect(relativeDifference(floats(1, 2), floats(1, NaN))).toBe(Infinity);
  });
  it('wants integers and texts equal', () => {
    const texts = (...data: string[]): NdArray => ({ dtype: 'string', shape: [data.length], data });
    expect(relativeDifference(texts('a'), texts('a'))).toBe(0);
    expect(relativeDifference(texts('a'), texts('b'))).toBe(Infinity);
  });
});

describe('compareOutputs', () => {
  it('passes a model as itself and refuses it with one weight doubled', async () => {
    const model = await readModel(path);
    const how = { dims: {}, seed: 1, tolerance: 1e-3 };
    expect(await compareOutputs(model, model, how)).toBe('outputs on random input differ by nothing');
    const name = 'f1.weight';
    const weight = model.graph.initializers.get(name) as Tensor;
    const twice = scaleTensor(weight, name, alongAxis(weight.shape, 0, new Float64Array(weight.shape[0] ?? 0).fill(2)));
    const graph = { ...model.graph, initializers: new Map(model.graph.initializers).set(name, twice) };
    await expect(compareOutputs(model, { ...model, graph }, how)).rejects.toThrow(
      /output "logits": changed by .* of its largest value; the model was left as it was/,
    );
  });

  it('finds sizes for a decoder, whose mask is as long as past and present, and for frames of sound', async () => {
    const decoder = modelFromText(
      `g (float[batch, sequence] x, float[batch, past_sequence] past, float[batch, total_sequence] mask) => (float[batch, total_sequence] y) {
        all = Concat <axis = 1> (past, x)
        y = Add (all, mask)
      }`,
    );
    const sound = modelFromText(
      `g (float[batch, samples] x, float[2, batch, 3] state) => (float[batch, M] y, float[2, batch, 3] z) <int64[4] pads = {0, 0, 0, 100}> {
        y = Pad <mode = "reflect"> (x, pads)
        z = Neg (state)
      }`,
    );
    for (const model of [decoder, sound])
      expect(await compareOutputs(model, model, { dims: {}, seed: 1, tolerance: 0 })).toMatch(/differ by nothing$/);
  });
});
