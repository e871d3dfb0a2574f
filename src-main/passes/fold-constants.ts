/**
 * What is computed from constants alone is computed once, by onnxruntime, and kept as initializers. A result larger
 * than both the limit and what it is made from stays a computation; so do QuantizeLinear and DequantizeLinear, which
 * kernels take in.
 * Source: Aho, Sethi, Ullman, Compilers (1986), constant folding; kernels: onnxruntime.
 */

import { messageOf } from '../contract';
import {
  attributes,
  capturedBy,
  dtypeBytes,
  elementCount,
  type Graph,
  isArrayDType,
  type Model,
  type NdArray,
  type Node,
  Patch,
  standardOpset,
  type Tensor,
  type TypeInfo,
  tensorByteLength,
  tensorFromArray,
} from '../onnx/ir';
import { openSession } from '../onnx/session';
import {
  constantOf,
  definePass,
  editGraphs,
  isConstantNode,
  isStandard,
  mustStayComputed,
  type PassResult,
  type Scope,
  setConstant,
  Tally,
} from './pass';
import { type ScopeTypes, scopeTypes } from './scope-types';
import { withoutUnusedInitializers } from './unused-initializers';

export interface FoldLimits {
  /** Results up to this size are kept even where they are larger than what they are made from. */
  readonly maxBytes: number;
}

/** Results are held in memory until the model is written, and a session takes no more than 256 MB from there. */
const heldBytes = 128 * 2 ** 20;

/** Give something else each time, or nothing that an initializer can hold. */
const neverFolded =
  /^(Random\w+|Multinomial|Bernoulli|QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|Sequence\w+|SplitToSequence|Optional\w*|StringSplit)$/;

export async function foldConstants(
  model: Model,
  { maxBytes }: FoldLimits = { maxBytes: 65536 },
  isTarget: (node: Node) => boolean = () => true,
): Promise<PassResult> {
  const tally = new Tally();
  const budget = { bytes: heldBytes };
  let now = model;
  // With a shape among the results, more of what is behind it becomes known.
  for (;;) {
    tally.skipped.length = 0;
    const next = await foldOnce(now, { maxBytes, budget }, isTarget, tally);
    if (next === now) break;
    now = next;
  }
  tally.eligible = tally.changed + tally.skipped.length;
  return tally.result(now, tally.changed === 0 ? [] : [`computed ${tally.changed} nodes whose inputs never change`]);
}

interface Limits extends FoldLimits {
  /** What may still be held. */
  readonly budget: { bytes: number };
}

async function foldOnce(model: Model, limits: Limits, isTarget: (node: Node) => boolean, tally: Tally): Promise<Model> {
  const types = await scopeTypes(model);
  const plans: { scope: Scope; plan: FoldPlan }[] = [];
  editGraphs(model, (scope) => {
    plans.push({ scope, plan: planFold(model, scope, types, limits, isTarget, tally) });
    return scope.graph;
  });
  const folded = new Map<string, { plan: FoldPlan; values: ReadonlyMap<string, Tensor> }>();
  for (const { scope, plan } of plans) {
    if (plan.nodes.length === 0) continue;
    try {
      folded.set(scope.path, { plan, values: await evaluate(model, scope, plan) });
    } catch (thrown) {
      for (const node of plan.nodes) tally.skip(node, `onnxruntime could not compute it: ${messageOf(thrown)}`);
    }
  }
  return editGraphs(model, (scope) => {
    const found = folded.get(scope.path);
    return found === undefined ? scope.graph : withConstants(scope, found.plan, found.values, tally);
  });
}

interface FoldPlan {
  /** In graph order. */
  readonly nodes: readonly Node[];
  /** What other nodes read of them. */
  readonly results: readonly string[];
}

function planFold(
  model: Model,
  scope: Scope,
  types: ScopeTypes,
  { maxBytes, budget }: Limits,
  isTarget: (node: Node) => boolean,
  tally: Tally,
): FoldPlan {
  const sizes = new Map<string, number>();
  const sizeOf = (value: string): number | undefined => {
    const known = sizes.get(value);
    if (known !== undefined) return known;
    const tensor = constantOf(scope, value);
    return tensor === undefined ? undefined : tensorByteLength(tensor);
  };
  const functions = new Set(model.functions.map(({ domain, name }) => `${domain}.${name}`));
  const nodes = scope.graph.nodes.filter((node) => {
    if (isConstantNode(node) || functions.has(`${node.domain}.${node.opType}`)) return false;
    if (isStandard(node) && neverFolded.test(node.opType)) return false;
    if (node.inputs.length === 0 || attributes.subgraphsOf(node).length > 0) return false;
    // What the caller of a function gives.
    if ([...node.attributes.values()].some(({ type }) => type === 'reference')) return false;
    const inputs = node.inputs.filter((name) => name !== '').map(sizeOf);
    if (inputs.some((size) => size === undefined) || !isTarget(node)) return false;
    const outputs = node.outputs.filter((name) => name !== '');
    if (outputs.some((name) => scope.index.isOutput(name))) {
      tally.skip(node, 'it gives an output of the graph its name');
      return false;
    }
    const given = (inputs as number[]).reduce((sum, size) => sum + size, 0);
    for (const output of outputs) {
      const type = types.of(scope, output);
      if (type?.kind === 'tensor' && mustStayComputed(scope, output, (type.shape ?? []) as number[])) return false;
      const bytes = staticBytes(type) ?? guessedBytes(node, scope, given);
      if (bytes === undefined) return false;
      if (bytes > Math.max(maxBytes, given)) {
        tally.skip(node, `its result of ${bytes} bytes is larger than what it is made from`);
        return false;
      }
      if (bytes > budget.bytes) {
        tally.skip(node, `its result of ${bytes} bytes would have to be held in memory beside those of others`);
        return false;
      }
      budget.bytes -= bytes;
      sizes.set(output, bytes);
    }
    return true;
  });
  const isFolded = new Set(nodes);
  const read = new Set<string>();
  for (const node of scope.graph.nodes)
    if (!isFolded.has(node)) for (const name of [...node.inputs, ...capturedBy(node)]) read.add(name);
  return { nodes, results: nodes.flatMap(({ outputs }) => outputs.filter((name) => read.has(name))) };
}

/** undefined where a size is not known or arrays do not hold the type. */
function staticBytes(type: TypeInfo | null): number | undefined {
  if (type?.kind !== 'tensor' || !isArrayDType(type.dtype) || type.shape === null) return undefined;
  if (!type.shape.every((dim) => typeof dim === 'number')) return undefined;
  return dtypeBytes(type.dtype, elementCount(type.shape as number[]));
}

/** Types inside bodies and functions are not always known; there, what little data goes into little more comes out, unless the operator repeats it. */
function guessedBytes(node: Node, { kind }: Scope, given: number): number | undefined {
  const repeats = /^(Expand|Tile|ConstantOfShape|Range|Resize|Upsample|Pad|OneHot|Einsum|MatMul|Conv\w*)$/;
  return kind !== 'main' && isStandard(node) && given <= 4096 && !repeats.test(node.opType) ? given : undefined;
}

async function evaluate(model: Model, scope: Scope, plan: FoldPlan): Promise<Map<string, Tensor>> {
  if (plan.results.length === 0) return new Map();
  const made = new Set(plan.nodes.flatMap(({ outputs }) => outputs));
  const initializers = new Map<string, Tensor>();
  for (const name of plan.nodes.flatMap(({ inputs }) => inputs)) {
    if (name === '' || made.has(name)) continue;
    initializers.set(name, { ...(constantOf(scope, name) as Tensor), name });
  }
  const outputs = plan.results.map((name) => ({ name, type: null }));
  const graph: Graph = { ...scope.graph, nodes: plan.nodes, inputs: [], outputs, initializers, values: new Map() };
  // A function has an opset of its own.
  const isOther = scope.opset !== standardOpset(model.opsets);
  const opsets = isOther ? new Map(model.opsets).set('', scope.opset) : model.opsets;
  const session = await openSession(
    { ...model, opsets, graph, functions: [] },
    { optimization: 'disabled', prepacking: false },
  );
  try {
    const results = await session.run({});
    return new Map(plan.results.map((name) => [name, tensorFromArray(name, results[name] as NdArray)]));
  } finally {
    await session.release();
  }
}

function withConstants(scope: Scope, plan: FoldPlan, values: ReadonlyMap<string, Tensor>, tally: Tally): Graph {
  const { graph } = scope;
  const patch = new Patch(graph);
  const read = new Set(plan.nodes.flatMap(({ inputs }) => inputs));
  for (const node of plan.nodes) {
    patch.removeNode(node.name);
    for (const output of node.outputs) if (graph.values.has(output)) patch.setValue(output, null);
    tally.changed++;
  }
  for (const tensor of values.values()) setConstant(patch, scope, tensor);
  return withoutUnusedInitializers(patch.apply(), (name) => read.has(name));
}

export const foldConstantsPass = definePass({
  name: 'fold-constants',
  title: 'Fold constants',
  help: 'Computes once what depends on constants alone; a result stays a computation where it would make the file larger.',
  source: 'Aho, Sethi, Ullman: Compilers (1986), constant folding',
  options: {
    maxKilobytes: {
      kind: 'integer',
      title: 'Largest growth',
      help: 'A result up to this size is kept even if it is larger than what it is made from.',
      default: 64,
      min: 0,
      max: 65536,
      unit: 'KB',
      advanced: true,
    },
  },
  tolerance: 1e-6,
  run: (model, { options, isTarget }) => foldConstants(model, { maxBytes: options.maxKilobytes * 1024 }, isTarget),
});
