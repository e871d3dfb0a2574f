/** The Step of kind `prune`. */

import { LatheError, type StepKind } from '../contract';
import type { Dataset } from '../data/dataset';
import type { Model } from '../onnx/ir';
import { pruneMethods } from './criteria';

export const pruneStep: StepKind<Model, Dataset> = {
  kind: 'prune',
  title: 'Prune',
  defaultMethod: 'magnitude',
  methods: pruneMethods,
  run(model, name, options, targets, context) {
    const method = pruneMethods.find((candidate) => candidate.name === name);
    if (method === undefined) throw new LatheError({ who: 'prune', what: `unknown method "${name}"`, code: 'usage' });
    return method.run(model, options as never, targets, context);
  },
};
