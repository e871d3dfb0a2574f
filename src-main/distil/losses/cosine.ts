/** 1 − cos(z, t), the mean over rows. Source: Sanh et al. 2019 (arXiv:1910.01108), the cosine term. */

import type { Loss } from './loss';

export const cosine: Loss = {
  name: 'cosine',
  title: 'One minus the cosine between student and teacher',
  source: 'arXiv:1910.01108',
  needs: 'teacher',
  build({ emit, student, teacher }) {
    const norm = (value: string) =>
      emit.op('Sqrt', [emit.add(emit.sum(emit.mul(value, value), [-1], false), emit.scalar(1e-12))]);
    const dot = emit.sum(emit.mul(student, teacher), [-1], false);
    const cos = emit.div(dot, emit.mul(norm(student), norm(teacher)));
    return emit.mean(emit.sub(emit.scalar(1), cos), null, false);
  },
};
