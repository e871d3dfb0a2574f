/** The Step of kind `clean`. */

import { LatheError, type StepKind } from '../contract';
import type { Model } from '../onnx/ir';
import { cleanMethods } from './methods';

export const cleanStep: StepKind<Model, unknown> = {
  kind: 'clean',
  title: 'Clean',
  defaultMethod: 'basic',
  methods: cleanMethods,
  run(model, name, options, targets, context) {
    const method = cleanMethods.find((candidate) => candidate.name === name);
    if (method === undefined) throw new LatheError({ who: 'clean', what: `unknown method "${name}"`, code: 'usage' });
    return method.run(model, options, targets, context);
  },
};
