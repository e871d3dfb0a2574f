import type { StepKindName } from '../../src-main/contract';
import type { IconName } from './icon';

/** How each kind of step looks, the same in cards, logs and plots. */
export const kindIcon: Readonly<Record<StepKindName, IconName>> = {
  clean: 'broom',
  prune: 'prune',
  quantize: 'quantize',
  distil: 'distil',
};

export const kindColor: Readonly<Record<StepKindName, string>> = {
  clean: 'gray',
  prune: 'orange',
  quantize: 'blue',
  distil: 'grape',
};
