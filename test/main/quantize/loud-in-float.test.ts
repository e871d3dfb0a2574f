import { expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { calibrationData } from '../../../src-main/quantize/calibration-data';
import { CostModel } from '../../../src-main/quantize/cost';
import { loudInFloat } from '../../../src-main/quantize/loud-in-float';
import { loudestSources, measureSensitivity } from '../../../src-main/quantize/sensitivity';
import { measurableValues, StaticQuantizer } from '../../../src-main/quantize/static-quantizer';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const all = { asked: () => true, share: 0.05, enough: 0 };
const config = { calibrator: 'min-max', perChannel: true, symmetric: false };

/**
 * A stem of one channel and a body that holds nearly all weights. In half of the samples' places x is 100 times as large
 * as in the rest, and the places that are large are masked out behind the stem: its integers are spent on what nobody
 * reads.
 */
async function quantized(stemChannels: number) {
  const [side, wide] = [8, 64];
  const mask = Float32Array.from({ length: side * side }, (_, at) => (at % 2 === 0 ? 0 : 1));
  const model = modelFromText(
    `g (float[N,1,8,8] x) => (float[N,64,8,8] y) {
      [stem] s = Conv(x, first)
      [hide] m = Mul(s, mask)
      [enter] h = Conv(m, second)
      [body] b = Conv(h, third)
      [tail] y = Conv(b, fourth)
    }`,
    [
      randomTensor('first', [stemChannels, 1, 1, 1], 1),
      { ...randomTensor('mask', [1, 1, side, side], 5), data: { kind: 'inline', bytes: new Uint8Array(mask.buffer) } },
      randomTensor('second', [wide, stemChannels, 1, 1], 2),
      randomTensor('third', [wide, wide, 1, 1], 3),
      randomTensor('fourth', [wide, wide, 1, 1], 4),
    ],
  );
  const samples = 4;
  const x = Float32Array.from(
    { length: samples * side * side },
    (_, at) => Math.sin(at * at) * (at % 2 === 0 ? 100 : 1),
  );
  const dataset = await tinyDataset(model, { x: float32([samples, 1, side, side], x) });
  const data = calibrationData(stepContext(model, { dataset }), 'test', samples);
  const quantizer = await StaticQuantizer.of(model, {}, { N: 1 }, false);
  const seen = { histograms: false, biasCorrection: false };
  await quantizer.calibrate(measurableValues(quantizer.placement()), data, seen, unwatched());
  return { quantizer, data, costs: new CostModel(quantizer) };
}

it('leaves a cheap stem in float whose rounding drowns what is read behind it', async () => {
  const { quantizer, data, costs } = await quantized(2);
  const kept = await loudInFloat(quantizer, costs, new Set(), new Set(), data, unwatched());
  expect([...kept]).toContain('stem');
  expect([...kept]).not.toContain('body');
  const noise = async (left: ReadonlySet<string>) =>
    (await loudestSources(quantizer, quantizer.placement(left), config, all, data, unwatched())).noise;
  expect(await noise(kept)).toBeLessThan(0.8 * (await noise(new Set())));
  expect(costs.placed(quantizer.placement(kept))).toBeLessThan(1.02 * costs.placed(quantizer.placement()));
});

it('finds the sources that looking at each one finds', async () => {
  const { quantizer, data } = await quantized(2);
  const placement = quantizer.placement();
  const each = await measureSensitivity(quantizer, placement, config, data, unwatched());
  const { sources, noise } = await loudestSources(quantizer, placement, config, all, data, unwatched());
  const loud = each.filter((source) => source.noise > 0.05 * noise).map(({ name }) => name);
  expect(loud.length).toBeGreaterThan(0);
  expect(sources.map(({ name }) => name)).toEqual(loud);
});

it('asks about nothing where all together is little enough', async () => {
  const { quantizer, data } = await quantized(2);
  const question = { ...all, enough: 1 };
  const { sources, noise } = await loudestSources(
    quantizer,
    quantizer.placement(),
    config,
    question,
    data,
    unwatched(),
  );
  expect(noise).toBeLessThan(1);
  expect(sources).toEqual([]);
});
