/**
 * Initializers of the same type, shape and content are kept once; bodies read those of the graph around them.
 * Source: https://onnx.ai/onnx/repo-docs/IR.html (values are immutable, so sharing is free).
 */

import { readTensorBytes } from '../onnx/file';
import { type Model, Patch, type Tensor, tensorByteLength } from '../onnx/ir';
import { definePass, editGraphs, isOverridable, type PassResult, type Scope, Tally } from './pass';
import { tensorKey } from './share-subexpressions';
import { withoutUnusedInitializers } from './unused-initializers';

export function shareInitializers(model: Model): PassResult {
  const tally = new Tally();
  let bytes = 0;
  const after = editGraphs(model, (scope) => {
    const { graph, index } = scope;
    const groups = groupBy(constantsInView(scope), ({ tensor }) => cheapKey(tensor));
    const patch = new Patch(graph);
    const gone = new Set<string>();
    for (const group of groups) {
      for (const same of group.length === 1 ? [] : groupBy(group, ({ tensor }) => tensorKey(tensor))) {
        const [kept, ...others] = same as [Constant, ...Constant[]];
        for (const { name, tensor, isOwn } of others) {
          if (!isOwn || name === kept.name || index.isOutput(name)) continue;
          patch.redirect(name, kept.name);
          gone.add(name);
          tally.changed++;
          bytes += tensorByteLength(tensor);
        }
      }
    }
    return patch.isEmpty ? graph : withoutUnusedInitializers(patch.apply(), (name) => gone.has(name));
  });
  tally.eligible = tally.changed;
  const notes = tally.changed === 0 ? [] : [`shared ${tally.changed} equal initializers (${bytes} bytes)`];
  return tally.result(after, notes);
}

interface Constant {
  readonly name: string;
  readonly tensor: Tensor;
  /** Of this graph, not of one around it. */
  readonly isOwn: boolean;
}

/** Of outer graphs first, so that those are the ones that stay. */
function constantsInView(scope: Scope): Constant[] {
  const found: Constant[] = [];
  for (let at: Scope | null = scope; at !== null; at = at.outer) {
    const here = [...at.graph.initializers].filter(([name]) => !isOverridable(at as Scope, name));
    found.unshift(...here.map(([name, tensor]) => ({ name, tensor, isOwn: at === scope })));
  }
  return found;
}

/** Type, shape and first bytes: most weights differ there, and need not be read whole. */
function cheapKey(tensor: Tensor): string {
  const head =
    tensor.dtype === 'string'
      ? ''
      : Buffer.from(readTensorBytes(tensor, 0, Math.min(64, tensorByteLength(tensor)))).toString('base64');
  return `${tensor.dtype}[${tensor.shape.join()}]${head}`;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

export const shareInitializersPass = definePass({
  name: 'share-initializers',
  title: 'Share equal initializers',
  help: 'Keeps weights of the same content once.',
  source: 'https://onnx.ai/onnx/repo-docs/IR.html',
  options: {},
  tolerance: 0,
  run: (model) => shareInitializers(model),
});
