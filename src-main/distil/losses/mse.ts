/** Mean of (z − t)². Source: Ba and Caruana 2014 (arXiv:1312.6184), regression on logits. */

import type { Loss } from './loss';

export const mse: Loss = {
  name: 'mse',
  title: 'Mean squared error on the logits',
  source: 'arXiv:1312.6184',
  needs: 'teacher',
  build({ emit, student, teacher }) {
    const difference = emit.sub(student, teacher);
    return emit.mean(emit.mul(difference, difference), null, false);
  },
};
