import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src-main/contract';
import { fusionReport } from '../../../src-main/inspect';
import type { NdArray } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { staticInt8 } from '../../../src-main/quantize/methods/static-int8';
import { quantizeStep } from '../../../src-main/quantize/step';
import { modelFromText } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

/** The weights of the middle layer lie four powers of ten apart: one scale for both rounds the smaller to 0. */
const layers = modelFromText(`g (float[N,2,1,1] x) => (float[N,2,1,1] z)
  <float[2,2,1,1] a = {1, 0.5, -0.25, 1}, float[2,2,1,1] b = {100, 0, 0, 0.01}, float[2] c = {0, 0},
   float[2,2,1,1] d = {0.01, 0, 0, 100}> {
  [first] h = Conv(x, a)
  [middle] m = Conv(h, b, c)
  r = Relu(m)
  [last] z = Conv(r, d)
}`);

describe('insertion', () => {
  it('keeps onnxruntime from rounding a layer that was left in float', async () => {
    const x = float32([4, 2, 1, 1], [1, 2, 0.5, 1, 1.5, 0.5, 2, 2]);
    const dataset = await tinyDataset(layers, { x });
    const options = resolveOptions(staticInt8.options, {}, 'test');
    const context = stepContext(layers, { dataset });
    const { model } = await quantizeStep.run(layers, 'static-int8', options, { exclude: ['middle'] }, context);
    const { kernelOf } = await fusionReport(model);
    expect(kernelOf.get('first')?.precision).toBe('int8');
    expect(kernelOf.get('middle')?.precision).toBe('float32');

    const run = async (optimization: 'disabled' | 'all') => {
      const session = await openSession(model, { optimization });
      const { z } = await session.run({ x });
      await session.release();
      return (z as NdArray<'float32'>).data;
    };
    // What runs is what stands in the file: the same sums, but for half a step of the integers between the layers.
    const [plain, optimised] = [await run('disabled'), await run('all')];
    const largest = Math.max(...plain);
    plain.forEach((value, at) => {
      expect(Math.abs(value - optimised[at]!)).toBeLessThanOrEqual(largest / 255);
    });
  });
});
