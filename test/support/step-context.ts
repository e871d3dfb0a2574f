/** What a Step is handed, for tests: nobody watches or stops. */

import type { StepContext } from '../../src-main/contract';
import { unwatched } from '../../src-main/contract';
import type { Dataset } from '../../src-main/data/dataset';
import type { Model } from '../../src-main/onnx/ir';
import { temporaryFolder } from './folder';

export function stepContext(
  original: Model,
  more: Partial<StepContext<Model, Dataset>> = {},
): StepContext<Model, Dataset> {
  return { ...unwatched(), dims: {}, seed: 0, workDir: temporaryFolder(), original, ...more };
}
