/** Options that the methods for weights of few bits share. */

import type { OptionSpecs, OptionValues } from '../contract';

export const blockOption = (inputs: number) =>
  ({
    kind: 'integer',
    title: 'Block',
    help: 'Inputs that share a scale: 16, 32, 64, 128 or 256. Smaller is more accurate, larger is smaller and faster.',
    default: inputs,
    min: 16,
    max: 256,
    unit: 'inputs',
  }) as const;

export const blockOptions = {
  algorithm: {
    kind: 'choice',
    title: 'Rounding',
    help: 'How scales and codes are found; GPTQ and AWQ ask for calibration samples. Automatic takes GPTQ where there are some, else k-quant.',
    default: 'auto',
    choices: [
      { value: 'auto', title: 'Automatic' },
      { value: 'nearest', title: 'Nearest' },
      { value: 'mse', title: 'Nearest, on the range of least squared error' },
      { value: 'k-quant', title: 'k-quant (least squares for scale and zero point)' },
      { value: 'hqq', title: 'HQQ (float zero points)' },
      { value: 'gptq', title: 'GPTQ' },
      { value: 'awq', title: 'AWQ (scaled by activation, then k-quant)' },
    ],
  },
  zeroPoints: {
    kind: 'choice',
    title: 'Zero points',
    help: 'One for each block: integers are the usual, floats lose nothing of weights that lie on such a grid already and cost a small product more, none is smallest. Automatic takes floats just where weights lie on a grid.',
    default: 'auto',
    choices: [
      { value: 'auto', title: 'Automatic' },
      { value: 'integer', title: 'Integer' },
      { value: 'float', title: 'Float' },
      { value: 'none', title: 'None (symmetric)' },
    ],
  },
  form: {
    kind: 'choice',
    title: 'Written as',
    help: 'MatMulNBits is the fastest and runs in onnxruntime only; DequantizeLinear is plain ONNX of opset 21 (25 with 2 bits), which onnxruntime turns into the same when it loads the model.',
    default: 'matmul-nbits',
    choices: [
      { value: 'matmul-nbits', title: 'MatMulNBits' },
      { value: 'dequantize-linear', title: 'DequantizeLinear (portable)' },
    ],
    advanced: true,
  },
  embeddings: {
    kind: 'boolean',
    title: 'Embedding tables',
    help: 'Stores the tables that Gather reads in blocks too; a product that shares its weight with a table is stored once.',
    default: true,
  },
  tableBits: {
    kind: 'choice',
    title: 'Bits of tables',
    help: 'A table is read a row at a time, so its bits cost size alone; and what shares its weight, the last product of a language model, is the most sensitive.',
    default: '8',
    choices: [
      { value: '8', title: '8' },
      { value: '4', title: '4' },
    ],
    advanced: true,
  },
  actOrder: {
    kind: 'boolean',
    title: 'Largest activations first',
    help: 'For GPTQ: settles the inputs with the largest activations first, on grids taken before ("act-order" with static groups).',
    default: true,
    advanced: true,
  },
  sequential: {
    kind: 'boolean',
    title: 'Inputs as the rounded layers make them',
    help: 'For GPTQ: fits a layer to the inputs that the layers before give once they are rounded, not to those of the original; more passes over the samples.',
    default: false,
    advanced: true,
  },
  floatActivations: {
    kind: 'boolean',
    title: 'Float activations',
    help: 'Computes products in float32 rather than with activations rounded to int8 block by block: a little more accurate, several times slower.',
    default: false,
    advanced: true,
  },
  mix: {
    kind: 'choice',
    title: '8 bits for the most sensitive',
    help: 'Measures on calibration samples what each weight costs the outputs and gives 8 bits to the worst: as many as a mean number of bits lets, or until the outputs are near enough.',
    default: 'off',
    choices: [
      { value: 'off', title: 'No' },
      { value: 'error', title: 'Until the outputs are near enough' },
      { value: 'bits', title: 'Up to a mean number of bits' },
    ],
  },
  fidelity: {
    kind: 'number',
    title: 'Wanted nearness to the original',
    help: 'With 8 bits until the outputs are near enough: in decibels of signal over error. 20 is an error of a tenth, 30 of a thirtieth.',
    default: 30,
    min: 5,
    max: 60,
    unit: 'dB',
    advanced: true,
  },
  meanBits: {
    kind: 'number',
    title: 'Mean bits',
    help: 'With 8 bits up to a mean: of the codes of all products whose weights may be mixed.',
    default: 5,
    min: 2,
    max: 8,
    unit: 'bits',
    advanced: true,
  },
  samples: {
    kind: 'integer',
    title: 'Calibration samples',
    help: 'For GPTQ, AWQ and mixing: how many samples of the calibration split are run. Mixing takes fewer of them with a large model.',
    default: 32,
    min: 1,
    max: 100_000,
    unit: 'samples',
    advanced: true,
  },
} as const satisfies OptionSpecs;

type Chosen = OptionValues<typeof blockOptions>;

/** What the shared options ask for. */
export function blockChoice(chosen: Chosen) {
  const { zeroPoints, algorithm, tableBits, floatActivations, mix, fidelity, meanBits, ...rest } = chosen;
  return {
    ...rest,
    algorithm,
    zeroPoints: algorithm === 'hqq' ? ('float' as const) : zeroPoints,
    tableBits: tableBits === '8' ? (8 as const) : (4 as const),
    integerActivations: !floatActivations,
    mix: mix === 'off' ? null : { kind: mix, limit: mix === 'error' ? fidelity : meanBits },
  };
}
