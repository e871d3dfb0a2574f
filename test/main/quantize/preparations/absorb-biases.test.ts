import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../../src-main/contract';
import { readTensor } from '../../../../src-main/onnx/file';
import type { Model, NdArray } from '../../../../src-main/onnx/ir';
import { calibrationData } from '../../../../src-main/quantize/calibration-data';
import { absorbBiases } from '../../../../src-main/quantize/preparations/absorb-biases';
import { expectSameOutputs, modelFromText } from '../../../support/model-from-text';
import { float32 } from '../../../support/npz';
import { stepContext } from '../../../support/step-context';
import { tinyDataset } from '../../../support/tiny-dataset';

async function absorbed(model: Model, x: NdArray) {
  const dataset = await tinyDataset(model, { x });
  const data = calibrationData(stepContext(model, { dataset }), 'test', 100);
  return absorbBiases.run(model, { ...unwatched(), data, admits: () => true });
}

const values = (model: Model, name: string) => {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined) throw new Error(`no initializer ${name}`);
  return [...(readTensor(tensor).data as Float32Array)];
};

/** Channel 0 is 5 + x, channel 1 is 1 − x, for x from −1 to 2. */
const chain = (more = '') => `g (float[N,1,1,2] x) => (float[N,1,1,2] y)
  <float[2,1,1,1] w = {1, -1}, float[2] b = {5, 1}, float[1,2,1,1] v = {3, 7}, float[1] d = {10}> {
  c = Conv(x, w, b)
  r = Relu(c)
  y = Conv ${more} (r, v, d)
}`;
const samples = float32([2, 1, 1, 2], [-1, 0, 2, 1]);

describe('absorbing biases', () => {
  it('moves what a channel always holds, worked by hand', async () => {
    const model = modelFromText(chain());
    const { model: changed, changed: places } = await absorbed(model, samples);
    expect(places).toBe(1);
    // Least of channel 0: 5 − 1 = 4; of channel 1: 1 − 2 = −1, so nothing.
    expect(values(changed, 'b_absorbed')).toEqual([1, 1]);
    expect(values(changed, 'd_absorbed')).toEqual([10 + 3 * 4]);
    await expectSameOutputs(model, changed, { feeds: { x: samples } });
  });

  it('adds a bias where the layer behind has none, a Gemm with α too', async () => {
    const model = modelFromText(`g (float[N,1] x) => (float[N,1] y)
      <float[2,1] w = {1, -1}, float[2] b = {5, 1}, float[2,1] v = {3, 7}> {
      c = Gemm <transB = 1> (x, w, b)
      r = Relu(c)
      [last] y = Gemm <alpha = 2.0> (r, v)
    }`);
    const x = float32([4, 1], [-1, 0, 2, 1]);
    const { model: changed } = await absorbed(model, x);
    expect(values(changed, 'last_bias_absorbed')).toEqual([2 * 3 * 4]);
    await expectSameOutputs(model, changed, { feeds: { x } });
  });

  it.each([
    ['a layer that pads, since zeros beside the picture are not c', chain('<pads = [0, 1, 0, 1], strides = [1, 2]>')],
    ['no Relu', chain().replace('Relu(c)', 'LeakyRelu(c)')],
  ])('leaves alone: %s', async (_, text) => {
    const model = modelFromText(text);
    const { model: after, changed } = await absorbed(model, samples);
    expect(changed).toBe(0);
    expect(after).toBe(model);
  });
});
