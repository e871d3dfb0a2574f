/** @file The files that Lathe makes in this bench: names of rows, each with a method and its options. */

/** The work of onnxruntime's quantizer: ranges from the samples, weights to the nearest integer, and nothing in between. */
const rangesAlone = { rounding: 'nearest', biasCorrection: false, equalize: false, smooth: false };

/** No method: the samples run through the model as it is, which is what calibration is held against. */
export const own: Readonly<Record<string, readonly [method: string | null, options: Record<string, unknown>]>> = {
  'static-int8': ['static-int8', {}],
  'static-int8, mse': ['static-int8', { calibrator: 'mse' }],
  'static-int8, percentile': ['static-int8', { calibrator: 'percentile' }],
  'static-int8, entropy': ['static-int8', { calibrator: 'entropy' }],
  'ranges alone': ['static-int8', rangesAlone],
  'ranges alone, mse': ['static-int8', { ...rangesAlone, calibrator: 'mse' }],
  'ranges alone, percentile': ['static-int8', { ...rangesAlone, calibrator: 'percentile' }],
  'ranges alone, entropy': ['static-int8', { ...rangesAlone, calibrator: 'entropy' }],
  'one plain pass': [null, {}],
  'auto-int8': ['auto-int8', {}],
  'dynamic-int8': ['dynamic-int8', {}],
};

/** With `--low-bit`: for models made of matrix products. */
export const lowBit: typeof own = {
  'int4-weights': ['int4-weights', {}],
  'int4-weights, k-quant': ['int4-weights', { algorithm: 'k-quant' }],
  'int4-weights, nearest': ['int4-weights', { algorithm: 'nearest' }],
  'int4-weights, HQQ': ['int4-weights', { algorithm: 'hqq' }],
  'int4-weights, integer, nearest': ['int4-weights', { zeroPoints: 'integer', algorithm: 'nearest' }],
  'int4-weights, integer, k-quant': ['int4-weights', { zeroPoints: 'integer', algorithm: 'k-quant' }],
  'int4-weights, integer, GPTQ': ['int4-weights', { zeroPoints: 'integer', algorithm: 'gptq' }],
  'int4-weights, integer, GPTQ in the order of inputs': [
    'int4-weights',
    { zeroPoints: 'integer', algorithm: 'gptq', actOrder: false },
  ],
  'int4-weights, integer, AWQ': ['int4-weights', { zeroPoints: 'integer', algorithm: 'awq' }],
  'int4 and int8, integer, GPTQ, 5 bits': [
    'int4-weights',
    { zeroPoints: 'integer', algorithm: 'gptq', mix: 'bits', meanBits: 5 },
  ],
  'int4 and int8, integer, GPTQ, 6 bits': [
    'int4-weights',
    { zeroPoints: 'integer', algorithm: 'gptq', mix: 'bits', meanBits: 6 },
  ],
  'int4-weights, portable': ['int4-weights', { form: 'dequantize-linear' }],
  'int4 and int8, 25 dB': ['int4-weights', { mix: 'error', fidelity: 25 }],
  'int8-weights': ['int8-weights', {}],
};
