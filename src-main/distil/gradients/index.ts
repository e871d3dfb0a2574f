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
export const gradients: Readonly<Record<string, Gradient>> = Object.fromEntries(
  [controlFlow, elementwise, linear, convolution, pooling, normalization, reduction, movement, sampling, quantization]
    .flatMap((family) => Object.entries(family as Record<string, unknown>))
    .filter((entry): entry is [string, Gradient] => /^[A-Z]/.test(entry[0]) && typeof entry[1] === 'function'),
);
