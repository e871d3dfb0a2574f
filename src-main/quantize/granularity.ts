/** The option that methods with integer weights share: how many scales a weight has. */

import type { ChoiceSpec } from '../contract';

export const granularity = {
  kind: 'choice',
  title: 'Weight scales',
  help: 'One scale for each output channel is more accurate at the same speed; one for the whole tensor is simpler.',
  default: 'per-channel',
  choices: [
    { value: 'per-channel', title: 'Per channel' },
    { value: 'per-tensor', title: 'Per tensor' },
  ],
} as const satisfies ChoiceSpec;
