/** @file The table of gradients: the families' exported functions, named as the ONNX operators. */

import type { Gradient } from '../gradient';
import * as controlFlow from './control-flow';
import * as convolution from './convolution';
import * as elementwise from './elementwise';
import * as linear from './linear';
import * as movement from './movement';
import * as normalization from './normalization';
import * as pooling from './pooling';
import * as quantization from './quantization';
import * as reduction from './reduction';
import * as sampling from './sampling';

/** Exports that begin with a capital are operators; the others are helpers of the family. */
function gradientsOf(family: Readonly<Record<string, unknown>>): Readonly<Record<string, Gradient>> {
  return Object.fromEntries(
    Object.entries(family).filter(
      (entry): entry is [string, Gradient] => /^[A-Z]/.test(entry[0]) && typeof entry[1] === 'function',
    ),
  );
}

/** File of the family → operators. */
export const gradientFamilies: Readonly<Record<string, Readonly<Record<string, Gradient>>>> = {
  'control-flow': gradientsOf(controlFlow),
  convolution: gradientsOf(convolution),
  elementwise: gradientsOf(elementwise),
  linear: gradientsOf(linear),
  movement: gradientsOf(movement),
  normalization: gradientsOf(normalization),
  pooling: gradientsOf(pooling),
  quantization: gradientsOf(quantization),
  reduction: gradientsOf(reduction),
  sampling: gradientsOf(sampling),
};

export const gradients: Readonly<Record<string, Gradient>> = Object.assign({}, ...Object.values(gradientFamilies));
