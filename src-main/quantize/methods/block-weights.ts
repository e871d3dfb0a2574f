/** Weights of 8, 4, 3 or 2 bits with a scale for each block of inputs: what int4-weights and int8-weights are cases of. */

import type { OptionSpecs } from '../../contract';
import { blockChoice, blockOption, blockOptions } from '../block-options';
import { quantizeBlockWise } from '../block-weights';
import { quantizeMethod } from '../method';

const options = {
  bits: {
    kind: 'choice',
    title: 'Bits',
    help: 'Of a weight. Values of 3 bits are kept in 4: they are smaller only where the file is compressed.',
    default: '4',
    choices: [
      { value: '8', title: '8' },
      { value: '4', title: '4' },
      { value: '3', title: '3, kept in 4' },
      { value: '2', title: '2' },
    ],
  },
  block: blockOption(32),
  ...blockOptions,
} as const satisfies OptionSpecs;

export const blockWeights = quantizeMethod({
  name: 'block-weights',
  title: 'Low-bit weights',
  help: 'Any number of bits for the weights of matrix products and tables; activations stay as they are.',
  source:
    'com.microsoft.MatMulNBits, onnxruntime contrib operators; ONNX DequantizeLinear 21; Frantar et al. 2022, arXiv:2210.17323 (GPTQ)',
  data: 'optional',
  options,
  run: (model, { bits, block, ...chosen }, targets, context) =>
    quantizeBlockWise(
      model,
      { method: 'block-weights', levelBits: levels[bits], block, ...blockChoice(chosen) },
      targets,
      context,
    ),
});

const levels = { 8: 8, 4: 4, 3: 3, 2: 2 } as const;
