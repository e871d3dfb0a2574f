import { describe, expect, it } from 'vitest';
import { type CalibrationData, calibrationAndJudges } from '../../../src-main/quantize/calibration-data';
import { modelFromText } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const model = modelFromText('g (float[N,1] x) => (float[N,1] y) { y = Relu(x) }');

async function split(samples: number, limit: number) {
  const x = float32(
    [samples, 1],
    Array.from({ length: samples }, (_, at) => at),
  );
  const context = stepContext(model, { dataset: await tinyDataset(model, { x }) });
  return calibrationAndJudges(context, 'test', limit, 16);
}

async function rows(data: CalibrationData): Promise<number[]> {
  const found: number[] = [];
  for await (const { first } of data.batches()) found.push(first);
  return found;
}

describe('samples that judge', () => {
  it('are none of those that calibrate, and a quarter at most', async () => {
    const { calibrating, judging } = await split(40, 100);
    const [seen, aside] = [await rows(calibrating), await rows(judging)];
    expect(aside).toHaveLength(10);
    expect(seen).toHaveLength(30);
    expect(new Set([...seen, ...aside]).size).toBe(40);
    expect(judging.notes).toEqual([]);
  });

  it('stay aside when few calibrate', async () => {
    const { calibrating, judging } = await split(100, 20);
    const aside = new Set(await rows(judging));
    expect(aside.size).toBe(16);
    expect((await rows(calibrating)).filter((row) => aside.has(row))).toEqual([]);
    expect(await rows(calibrating.few(5))).toHaveLength(5);
  });

  it('are the same ones where there are too few, and it says so', async () => {
    const { calibrating, judging } = await split(20, 100);
    expect(await rows(calibrating)).toHaveLength(20);
    expect(judging.notes.join()).toMatch(/20 are too few to set some aside/);
  });
});
