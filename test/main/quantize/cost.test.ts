import { expect, it } from 'vitest';
import { CostModel } from '../../../src-main/quantize/cost';
import { StaticQuantizer } from '../../../src-main/quantize/static-quantizer';
import { modelFromText, randomTensor } from '../../support/model-from-text';

it('finds integers cheaper where layers are large, and each layer left in float dearer', async () => {
  const model = modelFromText(
    `g (float[1,256,28,28] x) => (float[1,256,28,28] y) {
      [first] h = Conv(x, v)
      a = Relu(h)
      [second] y = Conv(a, w)
    }`,
    [randomTensor('v', [256, 256, 1, 1], 1), randomTensor('w', [256, 256, 1, 1], 2)],
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

it('counts the places of a sample whose sizes the data gives', async () => {
  const model = modelFromText('g (float[N,64,H,W] x) => (float[N,64,H,W] y) { [only] y = Conv(x, v) }', [
    randomTensor('v', [64, 64, 1, 1], 1),
  ]);
  const floatCost = async (size: number) =>
    new CostModel(await StaticQuantizer.of(model, {}, { H: size, W: size }, false)).float();
  // Four times the places, four times the cost, but for the start of a kernel.
  expect((await floatCost(112)) / (await floatCost(56))).toBeCloseTo(4, 1);
});

it('finds depthwise layers dearer on integers, most where the packed kernel does not take their channels', async () => {
  const gainOf = async (channels: number) => {
    const model = modelFromText(
      `g (float[1,${channels},56,56] x) => (float[1,${channels},52,52] y) { [only] y = Conv<group = ${channels}>(x, v) }`,
      [randomTensor('v', [channels, 1, 5, 5], 1)],
    );
    const quantizer = await StaticQuantizer.of(model, {}, {}, false);
    const [unit] = quantizer.placement().units;
    return new CostModel(quantizer).gain(unit as NonNullable<typeof unit>);
  };
  const [packed, plain] = [await gainOf(48), await gainOf(40)];
  expect(packed).toBeLessThan(0);
  expect(plain).toBeLessThan(1.5 * packed);
});
