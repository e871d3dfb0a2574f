/**
 * What differs between two models. Nodes are matched by what they make and their name, then by either of them, then by
 * structure: nodes of the same operator whose neighbours are matched are taken for each other, until nothing follows.
 * Q/DQ pairs before an input are seen through, so that a quantized node is one that changed its precision.
 */

import { setImmediate } from 'node:timers/promises';
import { type NodeChange, unwatched, type WeightChange, type Work } from '../contract';
import {
  type Attribute,
  attributes,
  type Graph,
  type GraphIndex,
  indexGraph,
  type Model,
  type ModelFunction,
  type Node,
  type Tensor,
} from '../onnx/ir';
import { equalBytes, weightDistance } from './compare-weights';
import { opName } from './fusion-report';
import { isQuantizer, seeThrough } from './see-through';

export interface NamedNode {
  readonly name: string;
  readonly op: string;
}

export interface ModelDiff {
  /** Opsets, IR version, inputs and outputs, one sentence each. */
  readonly interface: readonly string[];
  readonly added: readonly NamedNode[];
  readonly removed: readonly NamedNode[];
  readonly changed: readonly NodeChange[];
  /** Scales and zero points are no weights. */
  readonly weights: readonly WeightChange[];
  /** Matched nodes that are the same in everything. */
  readonly same: number;
}

/** @throws the reason of `work.signal` soon after it is aborted */
export async function diffModels(before: Model, after: Model, work: Work = unwatched()): Promise<ModelDiff> {
  const differ = new Differ();
  differ.addGraphs(before.graph, after.graph, '');
  differ.addFunctions(before.functions, after.functions);
  return {
    interface: interfaceChanges(before, after),
    added: differ.added,
    removed: differ.removed,
    changed: differ.changed,
    weights: await weightChanges(differ.weights, work),
    same: differ.same,
  };
}

interface WeightPair {
  readonly name: string;
  readonly before: Tensor | undefined;
  readonly after: Tensor | undefined;
}

class Differ {
  readonly added: NamedNode[] = [];
  readonly removed: NamedNode[] = [];
  readonly changed: NodeChange[] = [];
  readonly weights: WeightPair[] = [];
  same = 0;

  /** @param within the nodes and attributes whose body it is, for the names */
  addGraphs(before: Graph, after: Graph, within: string): void {
    const [old, now] = [indexGraph(before), indexGraph(after)];
    const match = matchNodes(old, now);
    const named = (node: Node): NamedNode => ({ name: `${within}${node.name}`, op: opName(node) });
    const pairs = new WeightPairs(before, after);
    const compare = new NodeComparison(old, now, matchedValues(match), pairs);
    for (const a of before.nodes) {
      const b = match.get(a);
      if (b === undefined) continue;
      const changes = compare.changes(a, b);
      if (changes.length === 0) this.same++;
      else this.changed.push({ ...named(a), changes });
      this.#addBodies(a, b, `${within}${a.name} › `);
    }
    const matched = new Set(match.values());
    this.added.push(...after.nodes.filter((node) => !matched.has(node)).map(named));
    this.removed.push(...before.nodes.filter((node) => !match.has(node)).map(named));
    this.weights.push(...pairs.all().map((pair) => ({ ...pair, name: `${within}${pair.name}` })));
  }

  addFunctions(before: readonly ModelFunction[], after: readonly ModelFunction[]): void {
    const keyOf = ({ domain, name, overload }: ModelFunction): string => [domain, name, overload].join('/');
    const now = new Map(after.map((fn) => [keyOf(fn), fn]));
    for (const fn of before) {
      const other = now.get(keyOf(fn));
      now.delete(keyOf(fn));
      if (other === undefined) this.removed.push({ name: fn.name, op: 'function' });
      else this.addGraphs(asGraph(fn), asGraph(other), `${fn.name} › `);
    }
    for (const { name } of now.values()) this.added.push({ name, op: 'function' });
  }

  #addBodies(a: Node, b: Node, within: string): void {
    const bodies = attributes.subgraphsOf(b);
    for (const { attribute, index, graph } of attributes.subgraphsOf(a)) {
      const other = bodies.find((body) => body.attribute === attribute && body.index === index);
      if (other !== undefined) this.addGraphs(graph, other.graph, `${within}${attribute} › `);
    }
  }
}

function asGraph({ name, nodes, inputs, outputs, values }: ModelFunction): Graph {
  const untyped = (names: readonly string[]) => names.map((value) => ({ name: value, type: null }));
  return {
    name,
    nodes,
    inputs: untyped(inputs),
    outputs: untyped(outputs),
    initializers: new Map(),
    sparseInitializers: [],
    values,
  };
}

type Matches = Map<Node, Node>;

function matchNodes(before: GraphIndex, after: GraphIndex): Matches {
  const match: Matches = new Map();
  const taken = new Set<Node>();
  const pair = (a: Node, b: Node | undefined): boolean => {
    if (b === undefined || match.has(a) || taken.has(b)) return false;
    match.set(a, b);
    taken.add(b);
    return true;
  };
  const { nodes } = before.graph;
  const makerOf = (node: Node): Node | undefined => after.producer(node.outputs.find((name) => name !== '') ?? '');
  const sameOp = (node: Node, other: Node | undefined): Node | undefined =>
    other !== undefined && opName(node) === opName(other) ? other : undefined;
  for (const node of nodes) if (makerOf(node)?.name === node.name) pair(node, makerOf(node));
  for (const node of nodes) pair(node, sameOp(node, makerOf(node)));
  for (const node of nodes) pair(node, sameOp(node, after.node(node.name)));
  for (let found = true; found; ) {
    found = false;
    for (const node of before.graph.nodes) {
      if (match.has(node)) continue;
      for (const candidate of neighbours(node, before, after, match))
        found = pair(node, sameOp(node, candidate)) || found;
    }
  }
  return match;
}

/** Nodes of the other graph that stand to a matched node as this one does. */
function* neighbours(node: Node, before: GraphIndex, after: GraphIndex, match: Matches): Generator<Node> {
  for (const [at, input] of node.inputs.entries()) {
    const producer = before.producer(input);
    const other = producer === undefined ? undefined : match.get(producer);
    const isShared = before.isInput(input) && after.isInput(input);
    const value = isShared ? input : other?.outputs[producer?.outputs.indexOf(input) ?? 0];
    if (value !== undefined) yield* after.consumers(value).filter(({ inputs }) => inputs[at] === value);
  }
  for (const [at, output] of node.outputs.entries()) {
    const place = before.graph.outputs.findIndex(({ name }) => name === output);
    const sameOutput = after.graph.outputs[place]?.name ?? '';
    const maker = after.producer(sameOutput);
    if (maker !== undefined && maker.outputs[at] === sameOutput) yield maker;
    for (const reader of before.consumers(output)) {
      const value = match.get(reader)?.inputs[reader.inputs.indexOf(output)];
      const producer = value === undefined ? undefined : after.producer(value);
      if (producer !== undefined) yield producer;
    }
  }
}

/** Value of the old graph → the same value of the new one. */
function matchedValues(match: Matches): Map<string, string> {
  const values = new Map<string, string>();
  for (const [a, b] of match)
    for (const [at, output] of a.outputs.entries()) if (b.outputs[at] !== undefined) values.set(output, b.outputs[at]);
  return values;
}

/** Weights by who reads them in the same place, then by name. */
class WeightPairs {
  readonly #before: Graph;
  readonly #after: Graph;
  readonly #pairs = new Map<string, string>();
  readonly #parameters = new Set<string>();

  constructor(before: Graph, after: Graph) {
    [this.#before, this.#after] = [before, after];
    for (const name of before.initializers.keys()) if (after.initializers.has(name)) this.#pairs.set(name, name);
    // Scales and zero points, unless something else reads them too.
    for (const graph of [before, after]) {
      const others = new Set(
        graph.nodes.flatMap((node) => (isQuantizer(node) ? node.inputs.slice(0, 1) : node.inputs)),
      );
      for (const node of graph.nodes.filter(isQuantizer))
        for (const name of node.inputs.slice(1)) if (!others.has(name)) this.#parameters.add(name);
    }
  }

  add(before: string, after: string): void {
    if (!this.#pairs.has(before)) this.#pairs.set(before, after);
  }

  partnerOf(before: string): string | undefined {
    return this.#pairs.get(before);
  }

  all(): WeightPair[] {
    const [old, now] = [this.#before.initializers, this.#after.initializers];
    const partners = new Set(this.#pairs.values());
    const kept = [...old].map(([name, before]) => ({ name, before, after: now.get(this.#pairs.get(name) ?? '') }));
    const added = [...now].flatMap(([name, after]) => (partners.has(name) ? [] : [{ name, before: undefined, after }]));
    return [...kept, ...added].filter(({ name }) => !this.#parameters.has(name));
  }
}

type Change = NodeChange['changes'][number];

class NodeComparison {
  readonly #before: GraphIndex;
  readonly #after: GraphIndex;
  readonly #values: ReadonlyMap<string, string>;
  readonly #weights: WeightPairs;

  constructor(before: GraphIndex, after: GraphIndex, values: ReadonlyMap<string, string>, weights: WeightPairs) {
    [this.#before, this.#after, this.#values, this.#weights] = [before, after, values, weights];
  }

  changes(a: Node, b: Node): Change[] {
    const changes: Change[] = [];
    if (opName(a) !== opName(b)) changes.push({ of: 'operator', name: '', before: opName(a), after: opName(b) });
    if (a.name !== b.name) changes.push({ of: 'name', name: '', before: a.name, after: b.name });
    for (const name of new Set([...a.attributes.keys(), ...b.attributes.keys()])) {
      const [from, to] = [a.attributes.get(name), b.attributes.get(name)];
      // What differs inside a body is told node by node.
      if (from?.type === 'graph' && to?.type === 'graph') continue;
      const [before, after] = attributeTexts(from, to);
      if (before !== after) changes.push({ of: 'attribute', name, before, after });
    }
    for (let at = 0; at < Math.max(a.inputs.length, b.inputs.length); at++)
      changes.push(...this.#inputChanges(String(at), a.inputs[at] ?? '', b.inputs[at] ?? ''));
    return changes;
  }

  #inputChanges(name: string, from: string, to: string): Change[] {
    if (from === to || this.#values.get(from) === to) return [];
    const [old, now] = [seeThrough(this.#before, from), seeThrough(this.#after, to)];
    const changes: Change[] = [];
    if (old.dtype !== now.dtype) changes.push({ of: 'precision', name, before: old.dtype, after: now.dtype });
    if (old.value === now.value || this.#values.get(old.value) === now.value) return changes;
    const [isWeight, staysWeight] = [this.#before, this.#after].map((index, at) =>
      index.graph.initializers.has((at === 0 ? old : now).value),
    );
    if (isWeight && staysWeight) {
      this.#weights.add(old.value, now.value);
      if (this.#weights.partnerOf(old.value) === now.value && changes.length > 0) return changes;
    }
    return [...changes, { of: 'input', name, before: from === '' ? null : from, after: to === '' ? null : to }];
  }
}

/** Two texts that are the same where the attributes are. */
function attributeTexts(a: Attribute | undefined, b: Attribute | undefined): [string | null, string | null] {
  if (a?.type === 'tensor' && b?.type === 'tensor') {
    const [before, after] = [tensorText(a.value), tensorText(b.value)];
    return before !== after || equalBytes(a.value, b.value) ? [before, after] : [before, `${after}, other values`];
  }
  return [attributeText(a), attributeText(b)];
}

function attributeText(attribute: Attribute | undefined): string | null {
  if (attribute === undefined) return null;
  switch (attribute.type) {
    case 'int':
    case 'float':
      return String(attribute.value);
    case 'ints':
    case 'floats':
      return `[${attribute.value.join(', ')}]`;
    case 'string':
      return JSON.stringify(new TextDecoder().decode(attribute.value));
    case 'strings':
      return JSON.stringify(attribute.value.map((text) => new TextDecoder().decode(text)));
    case 'tensor':
      return tensorText(attribute.value);
    default:
      return attribute.type;
  }
}

const tensorText = ({ dtype, shape }: Tensor): string => `${dtype} [${shape.join(', ')}]`;

async function weightChanges(pairs: readonly WeightPair[], work: Work): Promise<WeightChange[]> {
  const changes: WeightChange[] = [];
  for (const [at, { name, before, after }] of pairs.entries()) {
    // A turn of the event loop lets a cancel in.
    await setImmediate();
    work.signal.throwIfAborted();
    work.progress({ phase: 'Comparing weights', fraction: at / pairs.length, detail: name });
    const texts = {
      before: before === undefined ? null : tensorText(before),
      after: after === undefined ? null : tensorText(after),
    };
    if (before === undefined || after === undefined) changes.push({ name, ...texts, zeros: null, distance: null });
    else if (texts.before !== texts.after || !equalBytes(before, after)) {
      const far = weightDistance(before, after);
      changes.push({ name, ...texts, zeros: far?.zeros ?? null, distance: far?.distance ?? null });
    }
  }
  return changes;
}

function interfaceChanges(before: Model, after: Model): string[] {
  const changes: string[] = [];
  if (before.irVersion !== after.irVersion) changes.push(`IR version ${before.irVersion} → ${after.irVersion}`);
  for (const domain of new Set([...before.opsets.keys(), ...after.opsets.keys()])) {
    const [from, to] = [before.opsets.get(domain), after.opsets.get(domain)];
    if (from !== to) changes.push(`opset of ${domain || 'ai.onnx'}: ${from ?? 'none'} → ${to ?? 'none'}`);
  }
  for (const kind of ['inputs', 'outputs'] as const) {
    const names = (model: Model): string => model.graph[kind].map(({ name }) => name).join(', ');
    if (names(before) !== names(after)) changes.push(`${kind}: ${names(before)} → ${names(after)}`);
  }
  return changes;
}
