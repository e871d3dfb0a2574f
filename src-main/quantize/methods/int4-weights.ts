/** int4 weights: MatMulNBits with 4 bits and a scale for each block of inputs; activations stay as they are. */

import type { OptionSpecs } from '../../contract';
import { quantizeBlockWise } from '../block-weights';
import { quantizeMethod } from '../method';

const options = {
  block: {
    kind: 'integer',
    title: 'Block',
    help: 'Inputs that share a scale: 16, 32, 64, 128 or 256. Smaller is more accurate, larger is smaller and faster.',
    default: 32,
    min: 16,
    max: 256,
    unit: 'inputs',
  },
  algorithm: {
    kind: 'choice',
    title: 'Rounding',
    help: 'How scales and codes are found; GPTQ asks for calibration samples.',
    default: 'mse',
    choices: [
      { value: 'nearest', title: 'Nearest' },
      { value: 'mse', title: 'Nearest, on the range of least squared error' },
      { value: 'hqq', title: 'HQQ (float zero points)' },
      { value: 'gptq', title: 'GPTQ' },
    ],
  },
  zeroPoints: {
    kind: 'choice',
    title: 'Zero points',
    help: 'One for each block: integers are the usual, floats lose nothing of weights that lie on a 4-bit grid already but run slower, none is smallest.',
    default: 'integer',
    choices: [
      { value: 'integer', title: 'Integer' },
      { value: 'float', title: 'Float' },
      { value: 'none', title: 'None (symmetric)' },
    ],
  },
  embeddings: {
    kind: 'boolean',
    title: 'Embedding tables',
    help: 'Stores the tables that Gather reads in blocks too.',
    default: true,
  },
  samples: {
    kind: 'integer',
    title: 'Calibration samples',
    help: 'For GPTQ: how many samples of the calibration split are run.',
    default: 32,
    min: 1,
    max: 100_000,
    unit: 'samples',
    advanced: true,
  },
} as const satisfies OptionSpecs;

export const int4Weights = quantizeMethod({
  name: 'int4-weights',
  title: 'int4 weights',
  help: 'About a seventh of the size for models made of matrix products, such as language models; faster where one token is computed at a time. Runs in onnxruntime only.',
  source: 'com.microsoft.MatMulNBits, onnxruntime contrib operators; Frantar et al. 2022, arXiv:2210.17323 (GPTQ)',
  data: 'optional',
  options,
  run: (model, { block, algorithm, zeroPoints, embeddings, samples }, targets, context) => {
    const zeros =
      algorithm === 'hqq' ? 'float' : algorithm === 'gptq' && zeroPoints === 'float' ? 'integer' : zeroPoints;
    const format = { bits: 4, block: block, zeroPoints: zeros } as const;
    // The kernel with integer activations takes no float zero points.
    const accuracyLevel = zeros === 'float' ? 0 : 4;
    const request = { method: 'int4-weights', format, algorithm, accuracyLevel, embeddings, samples } as const;
    return quantizeBlockWise(model, request, targets, context);
  },
});
