/** @file Graph → graph with equal outputs. Each pass is a method of kind `clean`; their order here is the one they run in. */

import { eliminateDeadNodesPass } from './eliminate-dead-nodes';
import { eliminateNoOpsPass } from './eliminate-no-ops';
import { fixDimsPass } from './fix-dims';
import { foldBatchNormPass } from './fold-batch-norm';
import { foldConstantsPass } from './fold-constants';
import { foldPadPass } from './fold-pad';
import { foldScalePass } from './fold-scale';
import { foldShapesPass } from './fold-shapes';
import { fusePass } from './fuse';
import { inlineFunctionsPass } from './inline-functions';
import { liftConstantsPass } from './lift-constants';
import type { Pass } from './pass';
import { pushTransposesPass } from './push-transposes';
import { raiseOpsetPass } from './raise-opset';
import { resolveIfPass } from './resolve-if';
import { shareInitializersPass } from './share-initializers';
import { shareSubexpressionsPass } from './share-subexpressions';
import { unusedInitializersPass } from './unused-initializers';

/** Safe on any model: they keep interface, shapes and operator set. */
export const standardPasses: readonly Pass[] = [
  inlineFunctionsPass,
  liftConstantsPass,
  foldShapesPass,
  foldConstantsPass,
  resolveIfPass,
  eliminateNoOpsPass,
  foldBatchNormPass,
  foldScalePass,
  foldPadPass,
  pushTransposesPass,
  shareSubexpressionsPass,
  eliminateDeadNodesPass,
  shareInitializersPass,
  unusedInitializersPass,
];

/** Those, and the ones that a person has to want: they change opset, interface or operator set. */
export const passes: readonly Pass[] = [...standardPasses, raiseOpsetPass, fixDimsPass, fusePass];

export { eliminateDeadNodes } from './eliminate-dead-nodes';
export { eliminateNoOps } from './eliminate-no-ops';
export { fixModelDims } from './fix-dims';
export { foldBatchNorm } from './fold-batch-norm';
export { foldConstants } from './fold-constants';
export { foldPad } from './fold-pad';
export { foldScale } from './fold-scale';
export { foldShapes } from './fold-shapes';
export { fuse } from './fuse';
export { inlineFunctions } from './inline-functions';
export { liftConstants } from './lift-constants';
export type { Pass, PassContext, PassResult } from './pass';
export { pushTransposes } from './push-transposes';
export { raiseOpset } from './raise-opset';
export { resolveIf } from './resolve-if';
export { shareInitializers } from './share-initializers';
export { shareSubexpressions } from './share-subexpressions';
export { removeUnusedInitializers } from './unused-initializers';
