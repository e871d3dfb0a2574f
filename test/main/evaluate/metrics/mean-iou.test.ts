import { describe, expect, it } from 'vitest';
import { meanIou } from '../../../../src-main/evaluate/metrics/mean-iou';
import type { NdArray } from '../../../../src-main/onnx/ir';
import { golden } from '../../../support/golden';
import { float32, int64 } from '../../../support/npz';
import { score, valuesOf } from '../../../support/score';

const reference = golden<{
  meanIou: { labels: number[][][]; scores: number[][][][]; meanIou: number; pixelAccuracy: number };
}>('evaluate/more-kinds.json').meanIou;
const labels = int64([5, 6, 7], reference.labels.flat(2));

describe('label maps', () => {
  it('agrees with scikit-learn, channels first and last', async () => {
    const first = float32([5, 4, 6, 7], reference.scores.flat(3));
    const last = float32([5, 6, 7, 4], new Float32Array(5 * 42 * 4));
    for (let image = 0; image < 5; image++)
      for (let c = 0; c < 4; c++)
        for (let at = 0; at < 42; at++)
          last.data[(image * 42 + at) * 4 + c] = first.data[(image * 4 + c) * 42 + at] as number;
    for (const output of [first, last]) {
      const own = valuesOf(await score(meanIou, output, { labels }));
      expect(own.meanIou).toBeCloseTo(reference.meanIou, 12);
      expect(own.pixelAccuracy).toBeCloseTo(reference.pixelAccuracy, 12);
    }
  });

  it('takes maps of class numbers, and works by hand', async () => {
    const judgement = await score(meanIou, int64([1, 2, 2], [0, 1, 1, 1]), { labels: int64([1, 2, 2], [0, 0, 1, -1]) });
    // Class 0: 1 shared of 2; class 1: 1 shared of 2; one pixel is not scored.
    expect(valuesOf(judgement)).toEqual({ meanIou: 0.5, pixelAccuracy: expect.closeTo(2 / 3, 12) });
  });

  it('leaves 255 out of uint8 labels', async () => {
    const truth: NdArray = { dtype: 'uint8', shape: [1, 1, 2], data: Uint8Array.from([1, 255]) };
    expect(valuesOf(await score(meanIou, int64([1, 1, 2], [1, 0]), { labels: truth }))).toEqual({
      meanIou: 1,
      pixelAccuracy: 1,
    });
  });

  it('scores the best and the worst', async () => {
    const truth = int64([1, 1, 2], [0, 1]);
    expect(valuesOf(await score(meanIou, int64([1, 1, 2], [0, 1]), { labels: truth }))).toEqual({
      meanIou: 1,
      pixelAccuracy: 1,
    });
    expect(valuesOf(await score(meanIou, int64([1, 1, 2], [1, 0]), { labels: truth }))).toEqual({
      meanIou: 0,
      pixelAccuracy: 0,
    });
    const same = await score(meanIou, int64([1, 1, 2], [1, 1]), { labels: truth });
    expect(same.suspicions.map(({ code }) => code)).toEqual(['one-class']);
  });

  it('refuses classes that the output does not score', async () => {
    const output = float32([1, 2, 1, 2], [1, 2, 3, 4]);
    await expect(score(meanIou, output, { labels: int64([1, 1, 2], [0, 2]) })).rejects.toThrow(
      'sample 0 holds class 2; expected 0 to 1',
    );
  });
});
