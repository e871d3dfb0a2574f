/**
 * T²·KL(softmax(t/T) ‖ softmax(z/T)), the mean over rows. The factor T² keeps its gradient as large as that of the
 * cross-entropy at any temperature. Source: Hinton, Vinyals and Dean 2015 (arXiv:1503.02531), section 2.
 */

import { attributes } from '../../onnx/ir';
import type { Loss } from './loss';

export const kl: Loss = {
  name: 'kl',
  title: 'Kullback–Leibler divergence from the teacher, with temperature',
  source: 'arXiv:1503.02531',
  needs: 'teacher',
  build({ emit, student, teacher, temperature }) {
    const axis = { axis: attributes.int(-1) };
    const logStudent = emit.op('LogSoftmax', [emit.scale(student, 1 / temperature)], axis);
    const logTeacher = emit.op('LogSoftmax', [emit.scale(teacher, 1 / temperature)], axis);
    const weighted = emit.mul(emit.op('Exp', [logTeacher]), emit.sub(logTeacher, logStudent));
    return emit.scale(emit.mean(emit.sum(weighted, [-1], false), null, false), temperature * temperature);
  },
};
