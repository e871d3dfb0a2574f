/** @file Quantization methods, a file each. The first is the default. */

import type { QuantizeMethod } from '../method';
import { autoInt8 } from './auto-int8';
import { bf16 } from './bf16';
import { blockWeights } from './block-weights';
import { dynamicInt8 } from './dynamic-int8';
import { fp16 } from './fp16';
import { int4Weights } from './int4-weights';
import { int8Weights } from './int8-weights';
import { staticInt8 } from './static-int8';

export const methods: readonly QuantizeMethod[] = [
  staticInt8,
  autoInt8,
  dynamicInt8,
  fp16,
  bf16,
  int8Weights,
  int4Weights,
  blockWeights,
];
