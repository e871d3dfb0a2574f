/** @file Graph → graph with equal outputs. The order is that of the `standard` method. */

import { foldBatchNormPass } from './fold-batch-norm';
import { liftConstantsPass } from './lift-constants';
import type { Pass } from './pass';
import { raiseOpsetPass } from './raise-opset';
import { unusedInitializersPass } from './unused-initializers';

export const passes: readonly Pass[] = [liftConstantsPass, foldBatchNormPass, unusedInitializersPass, raiseOpsetPass];

export { foldBatchNorm } from './fold-batch-norm';
export { liftConstants } from './lift-constants';
export type { Pass, PassContext, PassResult } from './pass';
export { raiseOpset } from './raise-opset';
export { removeUnusedInitializers } from './unused-initializers';
