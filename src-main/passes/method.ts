/** A method of kind `clean`: a Pass, several of them, or the runtime's own. */

import type { MethodSpec, OptionValue, StepContext, StepOutcome, Targets } from '../contract';
import type { Model } from '../onnx/ir';

export interface CleanMethod extends MethodSpec {
  run(
    model: Model,
    options: Readonly<Record<string, OptionValue>>,
    targets: Targets,
    context: StepContext<Model, unknown>,
  ): Promise<StepOutcome<Model>>;
}
