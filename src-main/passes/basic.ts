/**
 * onnxruntime's own optimisations of level `basic`, written back as a model: constants folded, BatchNormalization and
 * scaling folded into weights, identities and no-op casts removed, common subexpressions shared. All of it stays in
 * the standard operator set.
 * Source: https://onnxruntime.ai/docs/performance/model-optimizations/graph-optimizations.html.
 */

import { join } from 'node:path';
import { LatheError, portion, type StepOutcome, type Targets } from '../contract';
import { tensorChunks } from '../onnx/file';
import { type Model, type Node, type Tensor, tensorByteLength } from '../onnx/ir';
import { optimizeModel } from '../onnx/session';
import { compareOutputs } from './compare-outputs';
import type { CleanMethod } from './method';

/** Folded weights are rounded once more, and their sums run in another order. */
const tolerance = 1e-3;

export const basic: CleanMethod = {
  name: 'basic',
  title: 'Basic clean-up',
  help: "onnxruntime's own basic optimisations, written back as a model that runs everywhere: folds constants and BatchNormalization, removes what does nothing.",
  source: 'https://onnxruntime.ai/docs/performance/model-optimizations/graph-optimizations.html',
  options: {},
  data: 'none',
  async run(model, _options, targets, context) {
    refuseTargets(targets);
    const work = portion(context, 0, 0.5, 'Optimising the graph');
    work.progress({ phase: 'Optimising the graph', fraction: 0 });
    const optimised = await optimizeModel(model, 'basic', join(context.workDir, 'basic.onnx'));
    context.signal.throwIfAborted();
    if (optimised.graph.nodes.some(({ name }) => name.startsWith(castPrefix))) return untouched(model, halfReason);
    const cleaned = rebuilt(model, optimised);
    const { removed, added } = nodeChanges(model, cleaned);
    if (removed.length + added.length === 0) return untouched(model, 'onnxruntime found nothing to clean up');
    context.progress({ phase: 'Comparing outputs', fraction: 0.5 });
    const proof = await compareOutputs(model, cleaned, { dims: context.dims, seed: context.seed, tolerance });
    const changed = Math.max(removed.length, added.length);
    return {
      model: cleaned,
      eligible: changed,
      changed,
      skipped: [],
      notes: [...changeNotes(model, cleaned, removed, added), proof],
    };
  },
};

/** Nodes that onnxruntime puts around kernels which it has only for float32. */
const castPrefix = 'InsertedPrecisionFreeCast_';
const halfReason =
  'left as it was: onnxruntime computes 16-bit floats by way of float32 here and would write its casts into the model; use the method standard';

function refuseTargets({ include = [], exclude = [], ops = [] }: Targets): void {
  if (include.length + exclude.length + ops.length === 0) return;
  throw new LatheError({
    who: 'clean basic',
    what: 'works on the whole model and takes no targets',
    next: 'leave out the targets, or use the method standard',
    code: 'usage',
  });
}

const untouched = (model: Model, note: string): StepOutcome<Model> => ({
  model,
  eligible: 0,
  changed: 0,
  skipped: [],
  notes: [note],
});

/** The optimised nodes and weights in the user's model: its own metadata, opsets, interface and order of weights. */
function rebuilt(model: Model, optimised: Model): Model {
  const { graph } = optimised;
  const used = new Set(
    [...graph.nodes, ...optimised.functions.flatMap(({ nodes }) => nodes)].map(({ domain }) => domain),
  );
  const foreign = [...used].find((domain) => domain !== '' && !model.opsets.has(domain));
  if (foreign !== undefined)
    throw new LatheError({
      who: 'clean basic',
      what: `onnxruntime brought in operators of ${foreign}, which other runtimes lack`,
      next: 'use the method standard',
      code: 'failed',
    });
  return {
    ...model,
    functions: optimised.functions,
    graph: {
      ...model.graph,
      nodes: graph.nodes,
      initializers: orderedWeights(model, optimised),
      sparseInitializers: graph.sparseInitializers,
      inputs: model.graph.inputs.filter(
        ({ name }) => !model.graph.initializers.has(name) || graph.initializers.has(name),
      ),
      values: new Map(
        [...model.graph.values].filter(([name]) => graph.nodes.some(({ outputs }) => outputs.includes(name))),
      ),
    },
  };
}

/** Weights that stayed keep their place and, where they are the same, their file; new ones follow in order of names. */
function orderedWeights({ graph: before }: Model, { graph: after }: Model): Map<string, Tensor> {
  const weights = new Map<string, Tensor>();
  for (const [name, old] of before.initializers) {
    const now = after.initializers.get(name);
    if (now !== undefined) weights.set(name, isSame(old, now) ? old : now);
  }
  for (const name of [...after.initializers.keys()].sort()) {
    if (!weights.has(name)) weights.set(name, after.initializers.get(name) as Tensor);
  }
  return weights;
}

function isSame(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || a.dtype === 'string') return false;
  if (tensorByteLength(a) !== tensorByteLength(b)) return false;
  if (
    a.data.kind === 'file' &&
    b.data.kind === 'file' &&
    a.data.file === b.data.file &&
    a.data.offset === b.data.offset
  )
    return true;
  const others = tensorChunks(b);
  for (const chunk of tensorChunks(a)) {
    const other = others.next();
    if (other.done === true || Buffer.compare(chunk, other.value) !== 0) return false;
  }
  return true;
}

const signature = ({ opType, domain, inputs, outputs, name }: Node): string =>
  JSON.stringify([opType, domain, inputs, outputs, name]);

function nodeChanges({ graph: before }: Model, { graph: after }: Model): { removed: Node[]; added: Node[] } {
  const [old, now] = [new Set(before.nodes.map(signature)), new Set(after.nodes.map(signature))];
  return {
    removed: before.nodes.filter((node) => !now.has(signature(node))),
    added: after.nodes.filter((node) => !old.has(signature(node))),
  };
}

function changeNotes(before: Model, after: Model, removed: readonly Node[], added: readonly Node[]): string[] {
  const counts = new Map<string, number>();
  for (const { opType } of removed) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  for (const { opType } of added) counts.set(opType, (counts.get(opType) ?? 0) - 1);
  const norms = counts.get('BatchNormalization') ?? 0;
  counts.delete('BatchNormalization');
  const list = (sign: number): string =>
    [...counts]
      .filter(([, count]) => count * sign > 0)
      .sort(([a, n], [b, m]) => (m - n) * sign || (a < b ? -1 : 1))
      .map(([op, count]) => `${Math.abs(count)} ${op}`)
      .join(', ');
  return [
    `${before.graph.nodes.length} nodes became ${after.graph.nodes.length}`,
    ...(norms > 0 ? [`folded ${norms} BatchNormalization into the weights before them`] : []),
    ...(list(1) === '' ? [] : [`removed ${list(1)}`]),
    ...(list(-1) === '' ? [] : [`added ${list(-1)}`]),
  ];
}
