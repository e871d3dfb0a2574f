/**
 * Nodes of the same operator, attributes and inputs compute the same once.
 * Source: common subexpression elimination, Cocke 1970, doi:10.1145/390013.808480.
 */

import { createHash } from 'node:crypto';
import { tensorChunks } from '../onnx/file';
import {
  type Attribute,
  attributes,
  calledFunction,
  type Graph,
  type Model,
  type ModelFunction,
  type Node,
  Patch,
  type Tensor,
  withBodies,
} from '../onnx/ir';
import { definePass, editGraphs, isConstantNode, isStandard, type PassResult, Tally } from './pass';

/** Give something else each time. */
const random = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
  'Dropout',
]);

export function shareSubexpressions(model: Model, isTarget: (node: Node) => boolean = () => true): PassResult {
  const tally = new Tally();
  const isRandom = randomIn(model);
  let now = model;
  for (;;) {
    tally.skipped.length = 0;
    const next = editGraphs(now, ({ graph }) => shareIn(graph, isRandom, isTarget, tally));
    if (next === now) break;
    now = next;
  }
  tally.eligible = tally.changed + tally.skipped.length;
  return tally.result(now, tally.changed === 0 ? [] : [`shared ${tally.changed} nodes that computed the same twice`]);
}

/** Operators that give something else each time, and calls of functions that hold one. */
function randomIn(model: Model): (node: Node) => boolean {
  const functionOf = calledFunction(model);
  const known = new Map<ModelFunction, boolean>();
  const isRandom = (node: Node): boolean => {
    const fn = functionOf(node);
    if (fn === undefined) return isStandard(node) && random.has(node.opType);
    const found = known.get(fn) ?? [...withBodies(fn.nodes)].some(isRandom);
    known.set(fn, found);
    return found;
  };
  return isRandom;
}

/** One level: a node counts as the same only once its inputs have been shared. */
function shareIn(
  graph: Graph,
  isRandom: (node: Node) => boolean,
  isTarget: (node: Node) => boolean,
  tally: Tally,
): Graph {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const first = new Map<string, Node>();
  const patch = new Patch(graph);
  for (const node of graph.nodes) {
    const key = isRandom(node) ? null : keyOf(node);
    if (key === null) continue;
    const same = first.get(key);
    if (same === undefined) {
      first.set(key, node);
      continue;
    }
    if (!isTarget(node)) continue;
    if (node.outputs.some((name) => outputs.has(name))) {
      tally.skip(node, 'it gives an output of the graph its name');
      continue;
    }
    tally.changed++;
    patch.removeNode(node.name);
    for (const [at, output] of node.outputs.entries()) {
      if (output !== '') patch.redirect(output, same.outputs[at] as string);
      if (graph.values.has(output)) patch.setValue(output, null);
    }
  }
  return patch.isEmpty ? graph : patch.apply();
}

/** Equal for nodes that give the same; null for those that are left alone. Constants are compared as initializers. */
function keyOf(node: Node): string | null {
  if (isConstantNode(node)) return null;
  if (attributes.subgraphsOf(node).length > 0) return null;
  const parts = [...node.attributes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, attributeKey(value)]);
  if (parts.some(([, key]) => key === null)) return null;
  const present = node.outputs.map((name) => name !== '');
  return JSON.stringify([node.domain, node.opType, node.overload ?? '', node.inputs, parts, present]);
}

function attributeKey(attribute: Attribute): unknown {
  switch (attribute.type) {
    case 'int':
      return ['int', String(attribute.value)];
    case 'ints':
      return ['ints', attribute.value.map(String)];
    case 'float':
      return ['float', floatKey(attribute.value)];
    case 'floats':
      return ['floats', attribute.value.map(floatKey)];
    case 'string':
      return ['string', Buffer.from(attribute.value).toString('base64')];
    case 'strings':
      return ['strings', attribute.value.map((text) => Buffer.from(text).toString('base64'))];
    case 'tensor':
      return ['tensor', tensorKey(attribute.value)];
    case 'type':
      return ['type', attribute.value];
    default:
      return null;
  }
}

/** JSON has no word for infinities and NaN, nor for -0. */
const floatKey = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** Dtype, shape and a hash of the content. */
export function tensorKey(tensor: Tensor): string {
  const hash = createHash('sha256');
  if (tensor.data.kind === 'strings')
    for (const text of tensor.data.strings) hash.update(`${text.byteLength}:`).update(text);
  else for (const chunk of tensorChunks(tensor)) hash.update(chunk);
  return `${tensor.dtype}[${tensor.shape.join()}]${hash.digest('hex')}`;
}

export const shareSubexpressionsPass = definePass({
  name: 'share-subexpressions',
  title: 'Share subexpressions',
  help: 'Computes once what several nodes compute from the same values.',
  source: 'doi:10.1145/390013.808480',
  options: {},
  tolerance: 0,
  run: (model, { isTarget }) => shareSubexpressions(model, isTarget),
});
