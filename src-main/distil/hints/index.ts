/** @file The hints, by name. */

import { attentionMap } from './attention-map';
import { features } from './features';
import type { Hint } from './hint';

export const hints: readonly Hint[] = [features, attentionMap];
export { type Hint, widthAxis } from './hint';
