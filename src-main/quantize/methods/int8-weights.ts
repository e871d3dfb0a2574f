/** int8 weights: MatMulNBits with 8 bits and a scale for each block of inputs; activations stay as they are. */

import type { OptionSpecs } from '../../contract';
import { quantizeBlockWise } from '../block-weights';
import { quantizeMethod } from '../method';

const options = {
  block: {
    kind: 'integer',
    title: 'Block',
    help: 'Inputs that share a scale: 16, 32, 64, 128 or 256. Smaller is more accurate, larger is smaller and faster.',
    default: 128,
    min: 16,
    max: 256,
    unit: 'inputs',
  },
  embeddings: {
    kind: 'boolean',
    title: 'Embedding tables',
    help: 'Stores the tables that Gather reads in blocks too.',
    default: true,
  },
} as const satisfies OptionSpecs;

export const int8Weights = quantizeMethod({
  name: 'int8-weights',
  title: 'int8 weights',
  help: 'A quarter of the size at nearly no loss for models made of matrix products. Runs in onnxruntime only.',
  source: 'com.microsoft.MatMulNBits, onnxruntime contrib operators',
  data: 'none',
  options,
  run: (model, { block, embeddings }, targets, context) => {
    const format = { bits: 8, block: block, zeroPoints: 'none' } as const;
    const request = {
      method: 'int8-weights',
      format,
      algorithm: 'nearest',
      accuracyLevel: 4,
      embeddings,
      samples: 0,
    } as const;
    return quantizeBlockWise(model, request, targets, context);
  },
});
