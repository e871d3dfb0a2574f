/** int4 weights: products with 4 bits and a scale for each block of inputs; activations stay as they are. */

import type { OptionSpecs } from '../../contract';
import { blockChoice, blockOption, blockOptions } from '../block-options';
import { quantizeBlockWise } from '../block-weights';
import { quantizeMethod } from '../method';

const options = { block: blockOption(32), ...blockOptions } as const satisfies OptionSpecs;

export const int4Weights = quantizeMethod({
  name: 'int4-weights',
  title: 'int4 weights',
  help: 'About a seventh of the size for models made of matrix products, such as language models; faster where one token is computed at a time.',
  source: 'com.microsoft.MatMulNBits, onnxruntime contrib operators; Frantar et al. 2022, arXiv:2210.17323 (GPTQ)',
  data: 'optional',
  options,
  run: (model, { block, ...chosen }, targets, context) =>
    quantizeBlockWise(model, { method: 'int4-weights', levelBits: 4, block, ...blockChoice(chosen) }, targets, context),
});
