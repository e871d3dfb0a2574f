import { describe, expect, it } from 'vitest';
import { openTeacherDistance } from '../../../src-main/distil/teacher-distance';
import { floats } from '../../support/run-emitted';

// Logits of two rows and two classes: probabilities at temperature 2 are 1/2, 1/2 and 1/4, 3/4 of the student,
// 3/4, 1/4 and 1/4, 3/4 of the teacher.
const [a, b] = [0, 2 * Math.log(3)];
const student = floats([2, 2], [a, a, a, b]);
const teacher = floats([2, 2], [b, a, a, b]);

describe('the distance from a teacher', () => {
  it('is the weighted sum of the terms that read a teacher, the mean over rows', async () => {
    const loss = [
      { name: 'kl', weight: 0.5 },
      { name: 'mse', weight: 3 },
      { name: 'cross-entropy', weight: 7 },
    ];
    const distance = await openTeacherDistance(loss, 2, 2);
    const divergence = 0.75 * Math.log(0.75 / 0.5) + 0.25 * Math.log(0.25 / 0.5);
    // Half the rows differ, in one logit of two; T² = 4.
    const expected = (0.5 * 4 * divergence) / 2 + (3 * b ** 2) / 4;
    expect(await distance?.between(student, teacher)).toBeCloseTo(expected, 5);
    expect(await distance?.between(teacher, teacher)).toBeCloseTo(0, 6);
    await distance?.release();
  });

  it('is none where the labels alone are learned from', async () => {
    expect(await openTeacherDistance([{ name: 'cross-entropy', weight: 1 }], 1, 2)).toBeNull();
  });
});
