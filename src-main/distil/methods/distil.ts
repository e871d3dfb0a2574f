/** The student learns from a teacher's answers. Source: Hinton, Vinyals and Dean 2015 (arXiv:1503.02531). */

import { mixedLoss, type TrainingMethod, teacherOptions, trainingOptions } from '../method';

export const distil: TrainingMethod = {
  name: 'distil',
  title: 'Distil from a teacher',
  help: 'The model learns to give a larger model’s answers. Without a teacher it learns from labels alone.',
  source: 'arXiv:1503.02531',
  data: 'train',
  options: {
    teacher: {
      kind: 'path',
      default: '',
      title: 'Teacher',
      help: 'An .onnx file with the same classes; empty = labels alone.',
    },
    ...teacherOptions,
    ...trainingOptions,
  },
  intent: (_model, _weights, options) => {
    const path = options.teacher as string;
    if (path === '')
      return {
        loss: [{ name: 'cross-entropy', weight: 1 }],
        temperature: 1,
        teacher: null,
        masks: new Map(),
        notes: ['no teacher: learned from labels alone'],
      };
    return {
      loss: mixedLoss(options.match as string, options.alpha as number),
      temperature: options.temperature as number,
      teacher: { path },
      masks: new Map(),
      notes: [],
    };
  },
};
