/**
 * A student made from its teacher: of layers that repeat, some are left out, those that stay keep their weights.
 * A layer lies between two values through which all data flows. Layers repeat where operators, attributes and the shapes
 * of weights are the same, so that what goes in and comes out fits too.
 * Source: Sanh et al. 2019 (arXiv:1910.01108), section 3: every second layer of the teacher.
 */

import { LatheError } from '../contract';
import { type Graph, type GraphIndex, indexGraph, type Model, type Node, Patch, sortTopologically } from '../onnx/ir';
import { eliminateDeadNodes } from '../passes/eliminate-dead-nodes';
import { removeUnusedInitializers } from '../passes/unused-initializers';

/** Layers that repeat one after the other; `cuts` has the value before the first and one behind each. */
export interface RepeatedLayers {
  readonly cuts: readonly string[];
  /** Nodes of each layer. */
  readonly layers: readonly (readonly Node[])[];
}

export interface Shortened {
  readonly model: Model;
  readonly left: number;
  readonly of: number;
}

/** Values that the data flow may begin with are looked for among so many first nodes. */
const firstNodes = 100;

/**
 * @param share of each row of repeated layers that stays, the first always among them
 * @throws LatheError where no layers repeat, or none of them can be left out
 */
export function leaveOutLayers(model: Model, share: number): Shortened {
  const found = repeatedLayers(model.graph);
  const total = found.reduce((sum, { layers }) => sum + layers.length, 0);
  const patch = new Patch(model.graph);
  const index = indexGraph(model.graph);
  let left = 0;
  for (const { layers, cuts } of found) {
    const kept = keptOf(layers.length, share);
    let entry = cuts[0] as string;
    layers.forEach((nodes, at) => {
      const exit = cuts[at + 1] as string;
      const all = kept.has(at) ? null : withAside(index, nodes, exit);
      if (all === null) {
        entry = exit;
        return;
      }
      for (const node of all) patch.removeNode(node.name);
      patch.redirect(exit, entry);
      left += 1;
    });
  }
  if (left === 0) throw nothingRepeats(total);
  const shortened = eliminateDeadNodes({ ...model, graph: patch.apply() }).model;
  return { model: removeUnusedInitializers(shortened).model, left, of: total };
}

/** Spread evenly, the first one among them. */
function keptOf(count: number, share: number): ReadonlySet<number> {
  const kept = Math.max(1, Math.round(count * share));
  return new Set(Array.from({ length: kept }, (_, at) => Math.floor((at * count) / kept)));
}

/** The nodes of a layer with those that ask for its shapes; null where anything behind it reads what is inside. */
function withAside(index: GraphIndex, nodes: readonly Node[], exit: string): ReadonlySet<Node> | null {
  const all = new Set(nodes);
  const open = [...nodes];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const value of node.outputs) {
      if (index.isOutput(value)) return null;
      if (value === exit) continue;
      for (const reader of index.consumers(value)) {
        if (all.has(reader)) continue;
        all.add(reader);
        open.push(reader);
        if (all.size > 4 * nodes.length) return null;
      }
    }
  }
  return all;
}

/** Rows of layers that repeat, in order: those of the value to begin with whose rows hold most nodes. */
export function repeatedLayers(graph: Graph): RepeatedLayers[] {
  const nodes = sortTopologically(graph.name, graph.nodes);
  const index = indexGraph(graph);
  const output = graph.outputs[0]?.name as string;
  const inputs = graph.inputs.map(({ name }) => name).filter((name) => !graph.initializers.has(name));
  const starts = [...inputs, ...nodes.slice(0, firstNodes).flatMap((node) => node.outputs)];
  const useful = ancestorsOf(index, output);
  let best: RepeatedLayers[] = [];
  for (const start of starts) {
    const rows = rowsOf(graph, index, flowFrom(nodes, index, useful, start, output));
    if (nodesIn(rows) > nodesIn(best)) best = rows;
  }
  return best;
}

function nodesIn(rows: readonly RepeatedLayers[]): number {
  return rows.reduce((sum, { layers }) => sum + layers.reduce((inner, nodes) => inner + nodes.length, 0), 0);
}

function rowsOf(graph: Graph, index: GraphIndex, segments: readonly Segment[]): RepeatedLayers[] {
  const signatures = segments.map((segment) => signatureOf(graph, index, segment));
  const rows: RepeatedLayers[] = [];
  for (let first = 0; first < segments.length; ) {
    const { period, count } = longestRow(signatures, segments, first);
    if (count < 2) {
      first += 1;
      continue;
    }
    const layers = Array.from({ length: count }, (_, at) =>
      segments.slice(first + at * period, first + (at + 1) * period),
    );
    const cuts = [segments[first]?.entry as string, ...layers.map((layer) => layer.at(-1)?.exit as string)];
    if (holdsWeights(graph, layers[0] as Segment[]))
      rows.push({ cuts, layers: layers.map((layer) => layer.flatMap(({ nodes }) => nodes)) });
    first += period * count;
  }
  return rows;
}

/** What lies between two values through which everything flows. */
interface Segment {
  readonly entry: string;
  readonly exit: string;
  readonly nodes: readonly Node[];
}

/** Shapes are no data: what only asks for one is passed over. */
const isShape = ({ opType }: Node) => opType === 'Shape';

function ancestorsOf(index: GraphIndex, output: string): ReadonlySet<Node> {
  const found = new Set<Node>();
  const open = [output];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = index.producer(value);
    if (node === undefined || found.has(node) || isShape(node)) continue;
    found.add(node);
    open.push(...node.inputs);
  }
  return found;
}

/** After a value that everything flows through, nothing that was made before is still to be read. */
function flowFrom(
  nodes: readonly Node[],
  index: GraphIndex,
  useful: ReadonlySet<Node>,
  start: string,
  output: string,
): Segment[] {
  const unread = new Map<string, number>();
  const open = (value: string): void => {
    const readers = index.consumers(value).filter((node) => useful.has(node) && !isShape(node)).length;
    if (readers > 0 || value === output) unread.set(value, readers);
  };
  open(start);
  const segments: Segment[] = [];
  let entry = start;
  let since: Node[] = [];
  for (const node of nodes) {
    if (!useful.has(node) || isShape(node) || !node.inputs.some((name) => unread.has(name))) continue;
    since.push(node);
    for (const name of new Set(node.inputs)) {
      const left = unread.get(name);
      if (left === undefined) continue;
      if (left > 1) unread.set(name, left - 1);
      else unread.delete(name);
    }
    for (const value of node.outputs) open(value);
    const [only, ...others] = unread.keys();
    if (others.length > 0 || only === undefined || only === entry || !node.outputs.includes(only)) continue;
    segments.push({ entry, exit: only, nodes: since });
    entry = only;
    since = [];
  }
  return segments;
}

/** Operators with attributes, and what they read: the entry, values of the segment by number, weights by type and shape. */
function signatureOf(graph: Graph, index: GraphIndex, { entry, nodes }: Segment): string {
  const made = new Map(nodes.flatMap((node) => node.outputs).map((name, at) => [name, at]));
  const read = (name: string): string => {
    const tensor = graph.initializers.get(sharedName(index, name));
    if (tensor !== undefined) return `${tensor.dtype}[${tensor.shape}]`;
    return name === entry ? 'entry' : String(made.get(name) ?? 'aside');
  };
  return nodes
    .map((node) => {
      const given = [...node.attributes].map(([name, attribute]) => `${name}=${attributeText(attribute)}`).sort();
      return `${node.domain}.${node.opType}(${node.inputs.map(read)}){${given}}`;
    })
    .join(';');
}

/** A weight that exporters hand on by Identity, because it is there twice. */
function sharedName(index: GraphIndex, name: string): string {
  const producer = index.producer(name);
  return producer?.opType === 'Identity' ? sharedName(index, producer.inputs[0] as string) : name;
}

function attributeText(attribute: unknown): string {
  return JSON.stringify(attribute, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
}

/** The row that covers most nodes; of equally long ones that of the shortest layers. */
function longestRow(signatures: readonly string[], segments: readonly Segment[], first: number) {
  let best = { period: 1, count: 1, nodes: 0 };
  for (let period = 1; first + 2 * period <= signatures.length; period++) {
    let count = 1;
    while (isRepeated(signatures, first, period, count)) count += 1;
    if (count < 2) continue;
    const covered = segments.slice(first, first + period * count);
    const nodes = covered.reduce((sum, segment) => sum + segment.nodes.length, 0);
    if (nodes > best.nodes) best = { period, count, nodes };
  }
  return best;
}

function isRepeated(signatures: readonly string[], first: number, period: number, count: number): boolean {
  const next = first + period * count;
  if (next + period > signatures.length) return false;
  for (let at = 0; at < period; at++) if (signatures[first + at] !== signatures[next + at]) return false;
  return true;
}

function holdsWeights(graph: Graph, layer: readonly Segment[]): boolean {
  return layer.some(({ nodes }) =>
    nodes.some((node) => node.inputs.some((name) => (graph.initializers.get(name)?.shape.length ?? 0) >= 2)),
  );
}

function nothingRepeats(total: number): LatheError {
  return new LatheError({
    who: 'a student with fewer layers',
    what: total === 0 ? 'the model has no layers that repeat' : `none of the ${total} repeated layers is left out`,
    next: total === 0 ? 'name a smaller model as the student, and this one as its teacher' : 'keep a smaller share',
  });
}
