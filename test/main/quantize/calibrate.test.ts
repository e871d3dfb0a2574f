import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { calibrate } from '../../../src-main/quantize/calibrate';
import { calibrationData, evenlySpaced } from '../../../src-main/quantize/calibration-data';
import { modelFromText } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const values = [1, -2, 3, 4, 5, -6, 7, 8];
const text = (batch: string) => `g (float[${batch},2] x) => (float[${batch},2] y) { h = Neg(x) y = Abs(h) }`;

async function statisticsOf(batch: string, histograms: boolean) {
  const model = modelFromText(text(batch));
  const dataset = await tinyDataset(model, { x: float32([4, 2], values) });
  const data = calibrationData(stepContext(model, { dataset }), 'test', 100);
  const means = [{ value: 'h', axis: 1, rank: 2 }];
  return calibrate({ model, values: ['h', 'y'], means, data, histograms }, unwatched());
}

describe('calibrate', () => {
  it.each([true, false])('finds extremes and channel means (histograms: %s)', async (histograms) => {
    const { statistics, means } = await statisticsOf('N', histograms);
    expect(statistics.get('h')).toMatchObject({ min: -8, max: 6 });
    expect(statistics.get('y')).toMatchObject({ min: 1, max: 8 });
    expect([...(means.get('h') ?? [])]).toEqual([-4, -1]);
  });

  it('gives the same whatever batch the model fixes', async () => {
    const [one, four] = [await statisticsOf('N', true), await statisticsOf('4', true)];
    expect(four.statistics.get('h')?.histogram?.counts).toEqual(one.statistics.get('h')?.histogram?.counts);
    expect(four.means).toEqual(one.means);
  });

  it('spreads few samples over the whole split', () => {
    expect(evenlySpaced(10, 4)).toEqual([0, 2, 5, 7]);
    expect(evenlySpaced(3, 100)).toEqual([0, 1, 2]);
  });

  it('says what few samples are worth', async () => {
    const model = modelFromText(text('N'));
    const dataset = await tinyDataset(model, { x: float32([4, 2], values) });
    expect(calibrationData(stepContext(model, { dataset }), 'test', 100).notes.join()).toMatch(
      /Only 4 calibration samples/,
    );
  });
});
