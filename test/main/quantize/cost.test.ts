import { expect, it } from 'vitest';
import { CostModel } from '../../../src-main/quantize/cost';
import { StaticQuantizer } from '../../../src-main/quantize/static-quantizer';
import { modelFromText, randomTensor } from '../../support/model-from-text';

it('finds integers cheaper where layers are large, and each layer left in float dearer', async () => {
  const model = modelFromText(
    `g (float[1,64,56,56] x) => (float[1,64,56,56] y) {
      [first] h = Conv(x, v)
      a = Relu(h)
      [second] y = Conv(a, w)
    }`,
    [randomTensor('v', [64, 64, 1, 1], 1), randomTensor('w', [64, 64, 1, 1], 2)],
  );
  const quantizer = await StaticQuantizer.of(model, {}, {}, false);
  const costs = new CostModel(quantizer);
  const placed = (...keep: string[]) => costs.placed(quantizer.placement(new Set(keep)));
  expect(placed()).toBeLessThan(placed('second'));
  expect(placed('second')).toBeLessThan(costs.float());
  expect(placed('first', 'second')).toBeCloseTo(costs.float(), 6);
  // No matrix product: dynamic int8 changes nothing.
  expect(costs.dynamic()).toBeCloseTo(costs.float(), 6);
  expect(quantizer.placement().units.every((unit) => costs.saved(unit) > 0)).toBe(true);
});
