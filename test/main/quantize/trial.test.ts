import { expect, it } from 'vitest';
import { calibrationData } from '../../../src-main/quantize/calibration-data';
import { Judge } from '../../../src-main/quantize/trial';
import { modelFromText } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const sequence = (body: string) =>
  modelFromText(`g (float[N,2,2] x) => (float[N,2,2] y) <float[2,1] tilt = {0.1, -0.1}, float one = {1}> { ${body} }`);
const model = sequence('y = Mul(x, one)');

async function sqnr(pooled: boolean, body: string): Promise<number> {
  const dataset = await tinyDataset(model, { x: float32([1, 2, 2], [1, 1, 1, 1]) });
  const meta = { ...dataset.meta, metric: pooled ? { kind: 'retrieval', name: null } : null };
  const judge = await Judge.of(model, calibrationData(stepContext(model, { dataset }), 'test', 1), meta);
  try {
    return (await judge.try(sequence(body))).sqnrDb;
  } finally {
    await judge.release();
  }
}

it('judges each place of a sequence, or the mean over its places where embeddings are compared', async () => {
  // An error of a tenth: 20 dB. It leaves the mean as it was, but for float32.
  expect(await sqnr(false, 'y = Add(x, tilt)')).toBeCloseTo(20, 4);
  expect(await sqnr(true, 'y = Add(x, tilt)')).toBeGreaterThan(100);
  // What all places share stays in the mean.
  expect(await sqnr(true, 's = Add(x, tilt) y = Sub(s, tilt)')).toBeGreaterThan(100);
  expect(await sqnr(true, 't = Abs(tilt) y = Add(x, t)')).toBeCloseTo(20, 4);
});
