/** The quantize Step: its methods, and the way to run one. */

import { LatheError, type StepKind } from '../contract';
import type { Dataset } from '../data/dataset';
import type { Model } from '../onnx/ir';
import { methods } from './methods';

export const quantizeStep: StepKind<Model, Dataset> = {
  kind: 'quantize',
  title: 'Quantize',
  defaultMethod: 'static-int8',
  methods,
  run(model, method, options, targets, context) {
    const found = methods.find(({ name }) => name === method);
    if (found === undefined) {
      throw new LatheError({
        who: 'quantize',
        what: `knows no method "${method}"`,
        next: `it knows ${methods.map(({ name }) => name).join(', ')}`,
        code: 'usage',
      });
    }
    return found.run(model, options as never, targets, context);
  },
};
