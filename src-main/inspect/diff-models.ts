/**
 * What differs between two models. Nodes are matched by name, by the weights that they read, and by structure. What only
 * carries values into another precision is seen through, so that a quantized node is one that changed its precision;
 * nodes in whose place others stand, such as a LayerNormalization for the nine that make it up, are told together.
 */

import { setImmediate } from 'node:timers/promises';
import { type NodeChange, unwatched, type WeightChange, type Work } from '../contract';
import {
  type Attribute,
  attributes,
  functionGraph,
  type Graph,
  indexGraph,
  type Model,
  type ModelFunction,
  type Node,
  type Tensor,
} from '../onnx/ir';
import { equalBytes, weightDistance } from './compare-weights';
import { type CoreGraph, coreGraph, inputsByRole, isCommutative } from './core-graph';
import { opName } from './fusion-report';
import { matchNodes } from './match-nodes';
import { type Group, type Matches, replacedGroups } from './replaced-groups';
import { type NamedWeight, sameWeights } from './same-weights';

export interface NamedNode {
  readonly name: string;
  readonly op: string;
}

export interface Replacement {
  readonly before: readonly NamedNode[];
  readonly after: readonly NamedNode[];
}

export interface OpCount {
  readonly op: string;
  readonly removed: number;
  readonly added: number;
}

export interface ModelDiff {
  /** Opsets, IR version, inputs and outputs, one sentence each. */
  readonly interface: readonly string[];
  readonly added: readonly NamedNode[];
  readonly removed: readonly NamedNode[];
  readonly changed: readonly NodeChange[];
  /** Nodes that stand in the place of others, between the same neighbours. */
  readonly replaced: readonly Replacement[];
  /** Operators that only carry values into another precision or layout, where there are more or fewer of them. */
  readonly carriers: readonly OpCount[];
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
    replaced: differ.replaced,
    carriers: differ.carriers(),
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
  readonly replaced: Replacement[] = [];
  readonly weights: WeightPair[] = [];
  readonly #carriers = new Map<string, { removed: number; added: number }>();
  same = 0;

  /** @param within the nodes and attributes whose body it is, for the names */
  addGraphs(before: Graph, after: Graph, within: string): void {
    const [old, now] = [coreGraph(indexGraph(before)), coreGraph(indexGraph(after))];
    const weights = sameWeights(weightsOf(old), weightsOf(now));
    const match = matchNodes(old, now, weights);
    const named = (node: Node): NamedNode => ({ name: `${within}${node.name}`, op: opName(node) });
    const groups = replacedGroups(old, now, match, weights);
    const pairs = new WeightPairs(old, now, match, weights);
    const compare = new NodeComparison(old, now, matchedValues(match), pairs, groups);
    for (const a of before.nodes) {
      const b = match.get(a);
      if (b === undefined) continue;
      const changes = compare.changes(a, b);
      if (changes.length === 0) this.same++;
      else this.changed.push({ ...named(a), changes });
      this.#addBodies(a, b, `${within}${a.name} › `);
    }
    this.replaced.push(...groups.map((group) => ({ before: group.before.map(named), after: group.after.map(named) })));
    const told = new Set([
      ...match.keys(),
      ...match.values(),
      ...groups.flatMap((group) => [...group.before, ...group.after]),
    ]);
    const untold = (core: CoreGraph): Node[] => core.index.graph.nodes.filter((node) => !told.has(node));
    this.added.push(...this.#uncarried(now, untold(now), 'added').map(named));
    this.removed.push(...this.#uncarried(old, untold(old), 'removed').map(named));
    this.weights.push(...pairs.all().map((pair) => ({ ...pair, name: `${within}${pair.name}` })));
  }

  carriers(): OpCount[] {
    return [...this.#carriers].map(([op, counts]) => ({ op, ...counts }));
  }

  #uncarried(core: CoreGraph, nodes: readonly Node[], kind: 'added' | 'removed'): Node[] {
    for (const node of nodes.filter((it) => core.isCarrier(it))) {
      const counts = this.#carriers.get(opName(node)) ?? { removed: 0, added: 0 };
      counts[kind]++;
      this.#carriers.set(opName(node), counts);
    }
    return nodes.filter((node) => !core.isCarrier(node));
  }

  addFunctions(before: readonly ModelFunction[], after: readonly ModelFunction[]): void {
    const keyOf = ({ domain, name, overload }: ModelFunction): string => [domain, name, overload].join('/');
    const now = new Map(after.map((fn) => [keyOf(fn), fn]));
    for (const fn of before) {
      const other = now.get(keyOf(fn));
      now.delete(keyOf(fn));
      if (other === undefined) this.removed.push({ name: fn.name, op: 'function' });
      else this.addGraphs(functionGraph(fn), functionGraph(other), `${fn.name} › `);
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

/** Value of the old graph → the same value of the new one. */
function matchedValues(match: Matches): Map<string, string> {
  const values = new Map<string, string>();
  for (const [a, b] of match)
    for (const [at, output] of a.outputs.entries()) if (b.outputs[at] !== undefined) values.set(output, b.outputs[at]);
  return values;
}

/** Initializers, and what Constant nodes carry. */
export function weightsOf({ index }: CoreGraph): NamedWeight[] {
  const constants = index.graph.nodes.flatMap((node) => {
    const tensor = node.opType === 'Constant' ? attributes.tensorOf(node, 'value') : undefined;
    return tensor === undefined ? [] : [{ name: node.outputs[0] ?? '', tensor }];
  });
  const stored = [...index.graph.initializers].map(([name, tensor]) => ({ name, tensor }));
  return [...stored, ...constants];
}

/** Initializers by who reads them in the same place, by what is in them, then by name. */
class WeightPairs {
  readonly #before: CoreGraph;
  readonly #after: CoreGraph;
  readonly #match: Matches;
  readonly #pairs = new Map<string, string>();

  constructor(before: CoreGraph, after: CoreGraph, match: Matches, same: ReadonlyMap<string, string>) {
    [this.#before, this.#after, this.#match] = [before, after, match];
    const [old, now] = [before.index.graph.initializers, after.index.graph.initializers];
    for (const name of old.keys()) if (now.has(name)) this.#pairs.set(name, name);
    for (const [name, other] of same) if (old.has(name) && now.has(other)) this.add(name, other);
  }

  add(before: string, after: string): void {
    if (!this.#pairs.has(before)) this.#pairs.set(before, after);
  }

  partnerOf(before: string): string | undefined {
    return this.#pairs.get(before);
  }

  /** Those that no matched node reads go with the nodes that do. */
  all(): WeightPair[] {
    const [old, now] = [this.#before.index.graph.initializers, this.#after.index.graph.initializers];
    const partners = new Set(this.#pairs.values());
    const matched = new Set(this.#match.values());
    const isRead = (core: CoreGraph, name: string, isMatched: (node: Node) => boolean): boolean =>
      core.readers(name).some(({ node }) => isMatched(node));
    const kept = [...old].flatMap(([name, before]) => {
      const after = now.get(this.#pairs.get(name) ?? '');
      const isTold =
        after !== undefined
          ? !isParameter(this.#before, name)
          : isRead(this.#before, name, (node) => this.#match.has(node));
      return isTold ? [{ name, before, after }] : [];
    });
    const added = [...now].flatMap(([name, after]) =>
      partners.has(name) || !isRead(this.#after, name, (node) => matched.has(node))
        ? []
        : [{ name, before: undefined, after }],
    );
    return [...kept, ...added];
  }
}

/** A scale or zero point: something reads it, but nothing that computes. */
function isParameter(core: CoreGraph, name: string): boolean {
  return core.readers(name).length === 0 && core.index.consumers(name).length > 0;
}

type Change = NodeChange['changes'][number];

class NodeComparison {
  readonly #before: CoreGraph;
  readonly #after: CoreGraph;
  readonly #values: ReadonlyMap<string, string>;
  readonly #weights: WeightPairs;
  /** What each value that a replaced node makes is part of. */
  readonly #groups = new Map<string, Group>();

  constructor(
    before: CoreGraph,
    after: CoreGraph,
    values: ReadonlyMap<string, string>,
    weights: WeightPairs,
    groups: readonly Group[],
  ) {
    [this.#before, this.#after, this.#values, this.#weights] = [before, after, values, weights];
    for (const group of groups)
      for (const node of group.before) for (const name of node.outputs) this.#groups.set(name, group);
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
    const [old, now] = [inputsByRole(a), this.#inOrderOf(a, inputsByRole(b))];
    for (let role = 0; role < Math.max(old.length, now.length); role++)
      changes.push(...this.#inputChanges(String(role), old[role] ?? '', now[role] ?? ''));
    return changes;
  }

  /** Inputs of an Add may have changed places, which is no difference. */
  #inOrderOf(a: Node, inputs: readonly string[]): readonly string[] {
    const [first = '', second = ''] = inputsByRole(a);
    const [one = '', other = ''] = inputs;
    if (!isCommutative(a) || inputs.length !== 2 || this.#isSame(first, one) || this.#isSame(second, other))
      return inputs;
    return this.#isSame(first, other) || this.#isSame(second, one) ? [other, one] : inputs;
  }

  #inputChanges(name: string, from: string, to: string): Change[] {
    const [old, now] = [this.#before.see(from), this.#after.see(to)];
    const changes: Change[] = [];
    if (old.dtype !== now.dtype) changes.push({ of: 'precision', name, before: old.dtype, after: now.dtype });
    return this.#isSame(from, to)
      ? changes
      : [...changes, { of: 'input', name, before: from === '' ? null : from, after: to === '' ? null : to }];
  }

  /** Whether two inputs are one value, carriers seen through: made alike, part of one replacement, or the same weight. */
  #isSame(from: string, to: string): boolean {
    if (from === '' || to === '') return from === to;
    const [old, now] = [this.#before.see(from).value, this.#after.see(to).value];
    if (this.#values.has(old)) return this.#values.get(old) === now;
    const group = this.#groups.get(old);
    const maker = this.#after.index.producer(now);
    if (group !== undefined && maker !== undefined && group.after.includes(maker)) return true;
    const [weight, other] = [this.#before.weight(old), this.#after.weight(now)];
    if (weight === undefined || other === undefined) return old === now;
    if (this.#before.index.graph.initializers.has(old) && this.#after.index.graph.initializers.has(now)) {
      this.#weights.add(old, now);
      return this.#weights.partnerOf(old) === now;
    }
    return tensorText(weight) === tensorText(other) && equalBytes(weight, other);
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
