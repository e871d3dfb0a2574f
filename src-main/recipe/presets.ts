/** Recipes that are good to begin with. Each is run on small real models by `test/recipes`. */

import type { Preset } from '../contract';

export const presets: readonly Preset[] = [
  {
    name: 'prune-half',
    title: 'Prune half of the weights',
    help: 'Sets half of the weights to zero by one threshold for the whole model. Smaller when zipped; no faster; needs no data.',
    recipe: {
      lathe: 1,
      name: 'prune-half',
      seed: 0,
      steps: [{ kind: 'prune', method: 'magnitude', options: { sparsity: 0.5, scope: 'global' } }],
    },
  },
];
