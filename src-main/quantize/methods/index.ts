/** @file Quantization methods, a file each. The first is the default. */

import type { QuantizeMethod } from '../method';
import { dynamicInt8 } from './dynamic-int8';
import { fp16 } from './fp16';
import { staticInt8 } from './static-int8';

export const methods: readonly QuantizeMethod[] = [staticInt8, dynamicInt8, fp16];
