/**
 * What differs between two models. Nodes are matched by what they make and their name, then by either of them, then by
 * structure: nodes of the same operator whose neighbours are matched are taken for each other, until nothing follows.
 */

import { createHash } from 'node:crypto';
import { tensorChunks } from '../onnx/file';
import {
  type Attribute,
  type Graph,
  type GraphIndex,
  indexGraph,
  type Model,
  type Node,
  type Tensor,
} from '../onnx/ir';
import { opName } from './fusion-report';

export interface NodeChange {
  readonly before: string;
  readonly after: string;
  readonly op: string;
  readonly changes: readonly string[];
}

export interface WeightChange {
  readonly name: string;
  /** `float32 [64, 3, 3, 3]`; null: not there. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface ModelDiff {
  /** Opsets, IR version, inputs and outputs, one sentence each. */
  readonly interface: readonly string[];
  readonly added: readonly { readonly name: string; readonly op: string }[];
  readonly removed: readonly { readonly name: string; readonly op: string }[];
  readonly changed: readonly NodeChange[];
  readonly weights: readonly WeightChange[];
  /** Matched nodes that are the same in everything. */
  readonly same: number;
}

export function diffModels(before: Model, after: Model): ModelDiff {
  const match = matchNodes(indexGraph(before.graph), indexGraph(after.graph));
  const values = matchedValues(match);
  const changed: NodeChange[] = [];
  for (const a of before.graph.nodes) {
    const b = match.get(a);
    const changes = b === undefined ? [] : nodeChanges(a, b, values, before.graph, after.graph);
    if (b !== undefined && changes.length > 0) changed.push({ before: a.name, after: b.name, op: opName(a), changes });
  }
  const matched = new Set(match.values());
  const named = (node: Node): { name: string; op: string } => ({ name: node.name, op: opName(node) });
  return {
    interface: interfaceChanges(before, after),
    added: after.graph.nodes.filter((node) => !matched.has(node)).map(named),
    removed: before.graph.nodes.filter((node) => !match.has(node)).map(named),
    changed,
    weights: weightChanges(before.graph, after.graph),
    same: match.size - changed.length,
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
    const value = other?.outputs[producer?.outputs.indexOf(input) ?? 0];
    if (value !== undefined) yield* after.consumers(value).filter(({ inputs }) => inputs[at] === value);
  }
  for (const output of node.outputs) {
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

function nodeChanges(a: Node, b: Node, values: ReadonlyMap<string, string>, before: Graph, after: Graph): string[] {
  const changes: string[] = [];
  if (opName(a) !== opName(b)) changes.push(`is ${opName(b)}, was ${opName(a)}`);
  if (a.name !== b.name) changes.push(`renamed to ${b.name}`);
  for (const name of new Set([...a.attributes.keys(), ...b.attributes.keys()])) {
    const [from, to] = [attributeText(a.attributes.get(name)), attributeText(b.attributes.get(name))];
    if (from !== to) changes.push(`${name}: ${from} → ${to}`);
  }
  for (let at = 0; at < Math.max(a.inputs.length, b.inputs.length); at++) {
    const [from, to] = [a.inputs[at] ?? '', b.inputs[at] ?? ''];
    if (from === to || values.get(from) === to) continue;
    const [old, now] = [before.initializers.get(from), after.initializers.get(to)];
    if (old !== undefined && now !== undefined) changes.push(`input ${at} is weight ${to}, was ${from}`);
    else changes.push(`input ${at} is ${to === '' ? 'absent' : to}, was ${from === '' ? 'absent' : from}`);
  }
  return changes;
}

function attributeText(attribute: Attribute | undefined): string {
  if (attribute === undefined) return 'absent';
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
      return `${tensorText(attribute.value)} ${contentHash(attribute.value)}`;
    case 'graph':
      return `graph of ${attribute.value.nodes.length} nodes`;
    default:
      return attribute.type;
  }
}

const tensorText = ({ dtype, shape }: Tensor): string => `${dtype} [${shape.join(', ')}]`;

function contentHash(tensor: Tensor): string {
  const hash = createHash('sha256');
  if (tensor.data.kind === 'strings') for (const text of tensor.data.strings) hash.update(text).update('\0');
  else for (const chunk of tensorChunks(tensor)) hash.update(chunk);
  return hash.digest('hex').slice(0, 12);
}

function weightChanges(before: Graph, after: Graph): WeightChange[] {
  const changes: WeightChange[] = [];
  for (const name of new Set([...before.initializers.keys(), ...after.initializers.keys()])) {
    const [a, b] = [before.initializers.get(name), after.initializers.get(name)];
    const [from, to] = [a === undefined ? null : tensorText(a), b === undefined ? null : tensorText(b)];
    if (from !== to || (a !== undefined && b !== undefined && a !== b && contentHash(a) !== contentHash(b)))
      changes.push({ name, before: from, after: to });
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
