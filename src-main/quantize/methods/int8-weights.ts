/** int8 weights: products with 8 bits and a scale for each block of inputs; activations stay as they are. */

import type { OptionSpecs } from '../../contract';
import { blockOption, blockOptions } from '../block-options';
import { quantizeBlockWise } from '../block-weights';
import { quantizeMethod } from '../method';

const { form, embeddings } = blockOptions;
const options = { block: blockOption(128), form, embeddings } as const satisfies OptionSpecs;

export const int8Weights = quantizeMethod({
  name: 'int8-weights',
  title: 'int8 weights',
  help: 'A quarter of the size at nearly no loss for models made of matrix products.',
  source: 'com.microsoft.MatMulNBits, onnxruntime contrib operators',
  data: 'none',
  options,
  run: (model, chosen, targets, context) =>
    quantizeBlockWise(
      model,
      {
        method: 'int8-weights',
        levelBits: 8,
        tableBits: 8,
        algorithm: 'nearest',
        zeroPoints: 'none',
        actOrder: false,
        sequential: false,
        // With float activations 8 bits take many times as long as float32.
        integerActivations: true,
        samples: 0,
        mix: null,
        ...chosen,
      },
      targets,
      context,
    ),
});
