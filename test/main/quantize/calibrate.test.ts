import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import type { NdArray } from '../../../src-main/onnx/ir';
import { calibrate } from '../../../src-main/quantize/calibrate';
import { calibrationData, evenlySpaced } from '../../../src-main/quantize/calibration-data';
import { temporaryFolder } from '../../support/folder';
import { modelFromText } from '../../support/model-from-text';
import { float32, writeNpz } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { openFor, tinyDataset } from '../../support/tiny-dataset';

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

  it('averages the extremes of each sample, whatever batch the model fixes', async () => {
    for (const batch of ['N', '2', '4']) {
      const { statistics } = await statisticsOf(batch, true);
      // h by sample: −1 2, −3 −4, −5 6, −7 −8
      expect(statistics.get('h')?.average).toEqual({ min: (-1 - 4 - 5 - 8) / 4, max: (2 - 3 + 6 - 7) / 4 });
    }
  });

  it('gives the same whatever batch the model fixes', async () => {
    const [one, four] = [await statisticsOf('N', true), await statisticsOf('4', true)];
    expect(four.statistics.get('h')?.histogram?.counts).toEqual(one.statistics.get('h')?.histogram?.counts);
    expect(four.means).toEqual(one.means);
  });

  it('counts no sample twice to fill the runs of a model with a fixed batch', async () => {
    const model = modelFromText(text('2'));
    const dataset = await tinyDataset(model, { x: float32([6, 2], [...values, 9, -10, 11, 12]) });
    const seen = async (limit: number) => {
      const rows: number[] = [];
      for await (const batch of calibrationData(stepContext(model, { dataset }), 'test', limit).batches())
        rows.push(...(batch.feeds.x as NdArray<'float32'>).data.filter((_, at) => at % 2 === 0));
      return rows;
    };
    expect(await seen(3)).toEqual([1, 3, 7, 9]);
    expect(await seen(5)).toEqual([1, 3, 5, 7, 9, 11]);
  });

  it('gives the same for samples that the user put into batches', async () => {
    const model = modelFromText(text('N'));
    const folder = temporaryFolder();
    writeNpz(join(folder, 'calib.npz'), { x: float32([2, 2, 2], values) });
    writeFileSync(join(folder, 'meta.json'), JSON.stringify({ feed: 'element' }));
    const dataset = await openFor(model, folder);
    const data = calibrationData(stepContext(model, { dataset }), 'test', 100);
    const means = [{ value: 'h', axis: 1, rank: 2 }];
    const { statistics, means: channels } = await calibrate(
      { model, values: ['h', 'y'], means, data, histograms: true },
      unwatched(),
    );
    const single = await statisticsOf('N', true);
    expect(channels).toEqual(single.means);
    for (const value of ['h', 'y'])
      expect(statistics.get(value)?.histogram).toEqual(single.statistics.get(value)?.histogram);
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
