import { describe, expect, it } from 'vitest';
import { Emitter } from '../../../../src-main/distil/emitter';
import { losses } from '../../../../src-main/distil/losses';
import type { NdArray } from '../../../../src-main/onnx/ir';
import { floats, runEmitted } from '../../../support/run-emitted';

const student = floats([2, 3], [1, 2, 3, 0, 0, 0]);
const teacher = floats([2, 3], [3, 2, 1, 1, 0, 0]);
const labels = (values: readonly number[]): NdArray<'int64'> => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values.map(BigInt)),
});

async function value(name: string, feeds: Record<string, NdArray>, temperature = 1): Promise<number> {
  const emit = new Emitter(['student', 'teacher', 'labels']);
  const loss = losses.find((each) => each.name === name);
  const inputs = { emit, student: 'student', teacher: 'teacher', labels: 'labels', classes: 3, temperature };
  const out = loss?.build(inputs) as string;
  return ((await runEmitted(emit, feeds, [out]))[0] as number[])[0] as number;
}

/** softmax in float64. */
const softmax = (scores: readonly number[]) => {
  const powers = scores.map(Math.exp);
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
};

// float32 sums of three terms of order one: 1e-6 leaves a factor of ten over their rounding.
const digits = 6;

describe('cross-entropy', () => {
  it('is −log of the label’s probability, averaged', async () => {
    const byHand = -(Math.log(softmax([1, 2, 3])[2] as number) + Math.log(1 / 3)) / 2;
    expect(await value('cross-entropy', { student, labels: labels([2, 0]) })).toBeCloseTo(byHand, digits);
  });

  it('leaves rows without a label out of the mean', async () => {
    const byHand = -Math.log(softmax([1, 2, 3])[2] as number);
    expect(await value('cross-entropy', { student, labels: labels([2, -1]) })).toBeCloseTo(byHand, digits);
  });
});

describe('kl', () => {
  const byHand = (temperature: number) => {
    const rows = [
      [softmax([3, 2, 1].map((t) => t / temperature)), softmax([1, 2, 3].map((z) => z / temperature))],
      [softmax([1, 0, 0].map((t) => t / temperature)), softmax([0, 0, 0])],
    ] as const;
    const sums = rows.map(([p, q]) =>
      p.reduce((sum, share, at) => sum + share * Math.log(share / (q[at] as number)), 0),
    );
    return (temperature ** 2 * ((sums[0] as number) + (sums[1] as number))) / 2;
  };

  it.each([1, 4])('carries the factor T² at temperature %d', async (temperature) => {
    expect(await value('kl', { student, teacher }, temperature)).toBeCloseTo(byHand(temperature), 5);
  });

  it('is zero where the student gives the teacher’s answers', async () => {
    expect(await value('kl', { student: teacher, teacher }, 4)).toBeCloseTo(0, digits);
  });
});

describe('mse', () => {
  it('is the mean of squared differences', async () => {
    expect(await value('mse', { student, teacher })).toBeCloseTo((4 + 0 + 4 + 1) / 6, digits);
  });
});

describe('cosine', () => {
  it('is one minus the cosine, averaged', async () => {
    const zeroRow = floats([2, 3], [1, 2, 3, 1, 1, 0]);
    const byHand = 1 - (10 / 14 + 1 / Math.SQRT2) / 2;
    expect(await value('cosine', { student: zeroRow, teacher })).toBeCloseTo(byHand, digits);
  });
});
