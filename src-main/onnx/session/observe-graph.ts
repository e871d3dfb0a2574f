/**
 * One run of a graph for what inference leaves open in it, and for the values that the bodies in it read. A body that
 * a run did not take is run all the same, at other sizes where it refuses those that reach it, and as far as it goes.
 */

import {
  attributes,
  calledFunction,
  capturedBy,
  elementCount,
  type Feeds,
  type Graph,
  isArrayDType,
  type Model,
  makeValue,
  type NdArray,
  type Node,
  type TypeInfo,
  zeros,
} from '../ir';
import { isStatic } from './folded-types';
import { observeRun } from './observe-run';
import { valueTypes } from './value-types';

type Types = ReadonlyMap<string, TypeInfo>;

/** What a run of a graph showed. */
export interface Seen {
  readonly types: Types;
  /** By name: what it was fed, and what the bodies in it need. */
  readonly values: Feeds;
  /** How the run differed from what reaches the graph, one clause; null: it did not. */
  readonly remark: string | null;
}

/**
 * @param types what is inferred of the graph's values
 * @throws LatheError where the model does not run on the values
 */
export async function observeGraph(model: Model, types: Types, values: Feeds): Promise<Seen> {
  const { graph } = model;
  const feeds = feedsOf(graph, values);
  const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  const isTensor = (name: string): boolean => types.get(name)?.kind === 'tensor';
  const open = [...types.keys()].filter((name) => isTensor(name) && !isStatic(types.get(name)));
  const wanted = new Set(graph.nodes.flatMap((node) => readByBodies(node, model)).filter((name) => made.has(name)));
  const asked = { shapes: open.filter((name) => made.has(name) || name in feeds), values: [...wanted].filter(isHeld) };
  function isHeld(name: string): boolean {
    const type = types.get(name);
    return type?.kind === 'tensor' && isArrayDType(type.dtype);
  }
  if (asked.shapes.length === 0 && asked.values.length === 0) return { types, values: feeds, remark: null };
  const seen = await observeRun(model, asked, feeds);
  const completed = new Map(types);
  for (const [name, shape] of seen.shapes) {
    const type = types.get(name);
    if (type?.kind === 'tensor') completed.set(name, { ...type, shape });
  }
  return { types: completed, values: { ...feeds, ...seen.values }, remark: null };
}

function feedsOf({ inputs, initializers }: Graph, values: Feeds): Feeds {
  const fed = inputs.filter(({ name }) => !initializers.has(name));
  return Object.fromEntries(fed.flatMap(({ name }) => (values[name] ? [[name, values[name]]] : [])));
}

/** What has to be known for a run of the node's bodies: what they capture, and what it hands them. */
function readByBodies(node: Node, model: Model): string[] {
  const hasBody = attributes.subgraphsOf(node).length > 0 || calledFunction(model)(node) !== undefined;
  return hasBody ? [...node.inputs, ...capturedBy(node)] : [];
}

/**
 * As {@link observeGraph} for a body that the run did not take, which need not run on what reaches it: then at half and
 * twice the sizes that inference leaves open, with each of them 1, and else without the nodes that fail.
 * @param open types before any size is given, which tell the sizes that are open
 * @returns null where nothing of it runs
 */
export async function observeForced(lifted: Model, types: Types, values: Feeds, open: Types): Promise<Seen | null> {
  const feeds = feedsOf(lifted.graph, values);
  const whole = await observeGraph(lifted, types, feeds).catch(() => null);
  if (whole !== null) return whole;
  for (const resize of otherSizes) {
    const resized = resizedFeeds(feeds, open, resize);
    const seen = resized === null ? null : await observeResized(lifted, feeds, resized).catch(() => null);
    if (seen !== null) return seen;
  }
  return observeWhatRuns(lifted, types, feeds);
}

type Resize = (size: number) => number;
const otherSizes: readonly Resize[] = [(size) => Math.ceil(size / 2), (size) => size * 2, () => 1];

/** null where no size is open. */
function resizedFeeds(feeds: Feeds, open: Types, resize: Resize): Feeds | null {
  let isResized = false;
  const entries = Object.entries(feeds).map(([name, array]) => {
    const type = open.get(name);
    const isOpen = (axis: number): boolean => type?.kind === 'tensor' && typeof type.shape?.[axis] !== 'number';
    const shape = array.shape.map((size, axis) => (size > 1 && isOpen(axis) ? resize(size) : size));
    isResized ||= shape.some((size, axis) => size !== array.shape[axis]);
    return [name, repeated(array, shape)] as const;
  });
  return isResized ? Object.fromEntries(entries) : null;
}

/** The array's own elements, over and over, so that values stay in their range. */
function repeated(array: NdArray, shape: readonly number[]): NdArray {
  if (elementCount(shape) === array.data.length) return { ...array, shape };
  const result = zeros(array.dtype, shape);
  for (let at = 0; at < result.data.length; at++) result.data[at] = array.data[at % array.data.length] as never;
  return result;
}

async function observeResized(lifted: Model, before: Feeds, feeds: Feeds): Promise<Seen> {
  const inputs = lifted.graph.inputs.map((input) => {
    const array = feeds[input.name];
    return array === undefined ? input : makeValue(input.name, array.dtype, array.shape);
  });
  // What the file states between nodes may be of other sizes.
  const model = { ...lifted, graph: { ...lifted.graph, inputs, values: new Map() } };
  const seen = await observeGraph(model, await valueTypes(model), feeds);
  const sizes = ({ shape }: NdArray): string => `[${shape.join(', ')}]`;
  const changes = Object.entries(feeds).flatMap(([name, array]) => {
    const was = before[name] as NdArray;
    return sizes(was) === sizes(array) ? [] : [`${name} ${sizes(array)} instead of ${sizes(was)}`];
  });
  return { ...seen, remark: `seen with ${changes.join(', ')}` };
}

/** Leaves out the first node that fails and all that follow from it, until the rest runs. */
async function observeWhatRuns(lifted: Model, types: Types, values: Feeds): Promise<Seen | null> {
  let nodes = lifted.graph.nodes;
  const failing: Node[] = [];
  const attempt = (kept: readonly Node[]): Promise<Seen | null> => {
    const made = new Set(kept.flatMap(({ outputs }) => outputs));
    const given = new Set([...lifted.graph.inputs.map(({ name }) => name), ...made]);
    // All open, so that it runs even where nothing is left to see.
    const known = new Map([...types].filter(([name]) => given.has(name)).map(([name, type]) => [name, opened(type)]));
    return observeGraph({ ...lifted, graph: { ...lifted.graph, nodes: kept } }, known, values).catch(() => null);
  };
  while (nodes.length > 0) {
    const seen = await attempt(nodes);
    if (seen !== null) {
      const [first] = failing;
      const what = `${first?.opType} "${first?.name}" does not run on what reaches it`;
      return { ...seen, types: new Map([...types, ...seen.types]), remark: what };
    }
    const failed = nodes[await firstFailing(nodes, attempt)] as Node;
    failing.push(failed);
    nodes = withoutFollowers(nodes, failed);
  }
  return null;
}

function opened(type: TypeInfo): TypeInfo {
  return type.kind === 'tensor' ? { ...type, shape: null } : type;
}

/** Nodes are in topological order, and with a node that fails every longer beginning does. */
async function firstFailing(
  nodes: readonly Node[],
  attempt: (kept: readonly Node[]) => Promise<Seen | null>,
): Promise<number> {
  let [runs, fails] = [0, nodes.length];
  while (fails - runs > 1) {
    const middle = (runs + fails) >> 1;
    if ((await attempt(nodes.slice(0, middle))) === null) fails = middle;
    else runs = middle;
  }
  return runs;
}

function withoutFollowers(nodes: readonly Node[], failed: Node): Node[] {
  const lost = new Set(failed.outputs.filter((name) => name !== ''));
  return nodes.filter((node) => {
    const isLost = node === failed || [...node.inputs, ...capturedBy(node)].some((name) => lost.has(name));
    if (isLost) for (const name of node.outputs) if (name !== '') lost.add(name);
    return !isLost;
  });
}
