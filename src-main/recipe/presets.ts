/** Recipes that are good to begin with. Each is run on small real models by `test/recipes`. */

import type { Preset, Recipe, Step } from '../contract';

export const presets: readonly Preset[] = [
  preset(
    'static-int8',
    'Int8, calibrated',
    'A quarter of the size; on convolutional networks two to four times the speed on a CPU with int8 instructions. Needs calibration samples.',
    [{ kind: 'clean' }, { kind: 'quantize', method: 'static-int8', options: { granularity: 'per-channel' } }],
  ),
  preset(
    'auto-int8',
    'Int8, chosen for the model',
    'Tries several ways to int8 on your calibration samples and keeps the fastest that stays near the original. Takes a minute or so; needs calibration samples.',
    [{ kind: 'clean' }, { kind: 'quantize', method: 'auto-int8' }],
  ),
  preset(
    'dynamic-int8',
    'Int8, dynamic',
    'A quarter of the size and, on transformers, about twice the speed. Needs no data.',
    [{ kind: 'clean' }, { kind: 'quantize', method: 'dynamic-int8', options: { granularity: 'per-channel' } }],
  ),
  preset(
    'int4-weights',
    'Int4 weights',
    'An eighth for each weight of a matrix product, as in language models; convolutions and small weights stay. Needs no data; nearer to the original with calibration samples.',
    [{ kind: 'clean' }, { kind: 'quantize', method: 'int4-weights' }],
  ),
  preset('fp16', 'Half precision', 'Half of the size at nearly no loss. Saves size, not time, on a CPU.', [
    { kind: 'clean' },
    { kind: 'quantize', method: 'fp16' },
  ]),
  preset(
    'prune-half',
    'Half of the weights',
    'Sets the smaller half of the weights to zero. Smaller when zipped; neither a smaller file nor faster. Needs no data.',
    [{ kind: 'clean' }, { kind: 'prune', method: 'magnitude', options: { sparsity: 0.5, scope: 'global' } }],
  ),
  preset(
    'prune-half-int8',
    'Half of the weights, int8',
    'Half of the weights to zero while the rest make up for them, then int8: a quarter of the size, and less when zipped. Needs calibration samples.',
    [
      { kind: 'clean' },
      { kind: 'prune', method: 'sparse-gpt', options: { sparsity: 0.5 } },
      { kind: 'quantize', method: 'static-int8', options: { granularity: 'per-channel' } },
    ],
  ),
  preset(
    'prune-recover-int8',
    'Prune hard, recover, int8',
    'Sets 70 % of the weights to zero, trains the rest towards the answers of the original, then int8. Takes minutes; needs data to train with.',
    [
      { kind: 'clean' },
      { kind: 'prune', method: 'magnitude', options: { sparsity: 0.7, scope: 'global' } },
      { kind: 'distil', method: 'recover' },
      { kind: 'quantize', method: 'static-int8', options: { granularity: 'per-channel' } },
    ],
  ),
];

function preset(name: string, title: string, help: string, steps: Step[]): Preset {
  const recipe: Recipe = { lathe: 1, name, seed: 0, steps };
  return { name, title, help, recipe };
}
