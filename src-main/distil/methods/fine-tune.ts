/** Training on labels: softmax regression on the model's own logits. */

import { type TrainingMethod, trainingOptions } from '../method';

export const fineTune: TrainingMethod = {
  name: 'fine-tune',
  title: 'Fine-tune on labels',
  help: 'The model learns from the labels of the train split, or of the calibration split where there is no other.',
  source: 'Goodfellow, Bengio and Courville 2016, Deep Learning, chapter 8',
  data: 'train',
  options: { ...trainingOptions },
  intent: () => ({
    loss: [{ name: 'cross-entropy', weight: 1 }],
    temperature: 1,
    teacher: null,
    hints: null,
    masks: new Map(),
    notes: [],
  }),
};
