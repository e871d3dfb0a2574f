/**
 * Symbolic dims of the inputs replaced by numbers: what is computed from them folds, at the price of one shape only.
 * Source: https://onnx.ai/onnx/repo-docs/IR.html (tensor shapes).
 */

import { LatheError } from '../contract';
import { fixDims, symbolicDims } from '../inspect';
import type { Model } from '../onnx/ir';
import { definePass, type PassResult, Tally } from './pass';

/** @throws LatheError where the model has no such dim */
export function fixModelDims(model: Model, dims: Readonly<Record<string, number>>): PassResult {
  const tally = new Tally();
  const known = symbolicDims(model.graph);
  const unknown = Object.keys(dims).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new LatheError({
      who: 'fix-dims',
      what: `the inputs have no dimension "${unknown}"`,
      next: known.length === 0 ? 'all of theirs are numbers already' : `they have ${known.join(', ')}`,
      code: 'usage',
    });
  tally.eligible = known.length;
  tally.changed = Object.keys(dims).length;
  if (tally.changed === 0) return tally.result(model, []);
  const fixed = Object.entries(dims).map(([name, size]) => `${name} = ${size}`);
  return tally.result(fixDims(model, dims), [`fixed ${fixed.join(', ')}: the model takes this shape only`]);
}

export const fixDimsPass = definePass({
  name: 'fix-dims',
  title: 'Fix dimensions',
  help: 'Gives symbolic dimensions of the inputs a size, e.g. batch=1; shape computations can then be folded away.',
  source: 'https://onnx.ai/onnx/repo-docs/IR.html',
  options: {
    dims: { kind: 'list', title: 'Dimensions', help: 'name=size each, e.g. batch=1.', default: [] },
  },
  tolerance: 0,
  run: (model, { options }) => fixModelDims(model, parseDims(options.dims)),
});

function parseDims(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, size] = /^(.+)=(\d+)$/.exec(text) ?? [];
      if (name === undefined || Number(size) < 1)
        throw new LatheError({
          who: 'fix-dims',
          what: `"${text}" is not name=size with a size of at least 1`,
          code: 'usage',
        });
      return [name, Number(size)];
    }),
  );
}
