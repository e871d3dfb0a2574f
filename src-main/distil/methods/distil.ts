/** The student learns from a teacher's answers. Source: Hinton, Vinyals and Dean 2015 (arXiv:1503.02531). */

import { LatheError } from '../../contract';
import type { Model } from '../../onnx/ir';
import { leaveOutLayers } from '../leave-out-layers';
import {
  hintsOf,
  mixedLoss,
  type Prepared,
  type TrainingMethod,
  teacherOptions,
  trainingOptions,
  unprepared,
} from '../method';

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
    layers: {
      kind: 'number',
      default: 1,
      min: 0.01,
      max: 1,
      unit: 'share',
      title: 'Layers that stay',
      help: 'Below 1 the student is the model itself with some of its repeated layers left out (0.5: every second), and the whole model is its teacher unless another one is named.',
    },
    ...teacherOptions,
    ...trainingOptions,
  },
  prepare: (model, options) => {
    const share = options.layers as number;
    return share === 1 ? unprepared(model) : shortened(model, share);
  },
  intent: (_model, _weights, options) => {
    const path = options.teacher as string;
    if (path === '' && options.layers === 1) {
      if ((options.hints as readonly string[]).length > 0) throw hintsOfNobody();
      return {
        loss: [{ name: 'cross-entropy', weight: 1 }],
        temperature: 1,
        teacher: null,
        hints: null,
        masks: new Map(),
        notes: ['No teacher: learned from labels alone.'],
      };
    }
    return {
      loss: mixedLoss(options.match as string, options.alpha as number),
      temperature: options.temperature as number,
      teacher: path === '' ? 'original' : { path },
      hints: hintsOf(options),
      masks: new Map(),
      notes: [],
    };
  },
};

function hintsOfNobody(): LatheError {
  return new LatheError({
    who: 'distil distil',
    what: 'hints bring values of the student near those of a teacher, and there is no teacher',
    next: 'name one in the option teacher (in a shell: --set teacher=TEACHER.onnx), or leave the hints out',
    code: 'usage',
  });
}

function shortened(model: Model, share: number): Prepared {
  const student = leaveOutLayers(model, share);
  return {
    ...unprepared(student.model),
    notes: [`The student is the model without ${student.left} of its ${student.of} repeated layers.`],
  };
}
