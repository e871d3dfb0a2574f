/**
 * Mean of (P·s − t)²: features of the student, projected where they have another width, against those of the teacher.
 * Source: Romero et al. 2015 (arXiv:1412.6550), equation 3, with a linear regressor.
 */

import { type Hint, widthAxis } from './hint';

export const features: Hint = {
  name: 'features',
  title: 'Features (mean squared error)',
  source: 'arXiv:1412.6550',
  mayDiffer: widthAxis,
  projects: true,
  build({ emit, student, teacher, rank, projection }) {
    const projected =
      projection === ''
        ? student
        : rank === 4
          ? emit.op('Conv', [student, projection])
          : emit.matmul(student, projection);
    const difference = emit.sub(projected, teacher);
    return emit.mean(emit.mul(difference, difference), null, false);
  },
};
