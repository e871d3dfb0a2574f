import { expect, it } from 'vitest';
import { CostModel } from '../../../src-main/quantize/cost';
import { fasterInFloat } from '../../../src-main/quantize/faster-in-float';
import { StaticQuantizer } from '../../../src-main/quantize/static-quantizer';
import { modelFromText, randomTensor } from '../../support/model-from-text';

/** A stem of three channels and a depthwise layer that hold hardly any weights, and a dense layer that holds most. */
const model = modelFromText(
  `g (float[N,3,H,W] x) => (float[N,512,h,w] y) {
    [stem] s = Conv<pads = [1, 1, 1, 1]>(x, first)
    [depthwise] d = Conv<group = 24, pads = [2, 2, 2, 2]>(s, middle)
    [wide] m = Conv<strides = [4, 4]>(d, third)
    [dense] y = Conv(m, last)
  }`,
  [
    randomTensor('first', [24, 3, 3, 3], 1),
    randomTensor('middle', [24, 1, 5, 5], 2),
    randomTensor('third', [256, 24, 1, 1], 3),
    randomTensor('last', [512, 256, 1, 1], 4),
  ],
);

it('leaves what is slower on integers in float, and never what holds weights', async () => {
  const quantizer = await StaticQuantizer.of(model, {}, { H: 128, W: 128 }, false);
  const costs = new CostModel(quantizer);
  const kept = fasterInFloat(quantizer, costs);
  expect([...kept].sort()).toEqual(['depthwise', 'stem']);
  expect(costs.placed(quantizer.placement(kept))).toBeLessThan(costs.placed(quantizer.placement()));
});

it('leaves nothing in float where integers are faster throughout', async () => {
  const dense = modelFromText(
    `g (float[N,64,H,W] x) => (float[N,64,H,W] y) {
      [first] h = Conv(x, v)
      [second] y = Conv(h, w)
    }`,
    [randomTensor('v', [64, 64, 1, 1], 1), randomTensor('w', [64, 64, 1, 1], 2)],
  );
  const quantizer = await StaticQuantizer.of(dense, {}, { H: 56, W: 56 }, false);
  expect(fasterInFloat(quantizer, new CostModel(quantizer)).size).toBe(0);
});
