/** What each node costs: multiply–accumulates, weights, and the memory of activations while it runs. */

import {
  attributes,
  capturedBy,
  dtypeBytes,
  elementCount,
  type Graph,
  type Model,
  type Node,
  type TypeInfo,
  tensorByteLength,
} from '../onnx/ir';
import type { Types } from '../onnx/session';
import { opName } from './fusion-report';
import { hasMacs, macsOf } from './macs';
import { withBodies } from './walk';

export interface NodeCost {
  readonly name: string;
  readonly op: string;
  /** Bodies included: the larger branch of an If, each round of a Scan. null where a shape or a Loop's count is not known. */
  readonly macs: number | null;
  /** Elements and bytes of the initializers that it is the first to read. */
  readonly parameters: number;
  readonly weightBytes: number;
  /** Of its outputs. null where a shape is not known. */
  readonly outputBytes: number | null;
  /** Of all values that are alive while it runs, its inputs and outputs included; weights not. null as above. */
  readonly liveBytes: number | null;
}

export interface NodeCosts {
  readonly nodes: readonly NodeCost[];
  /** null where it is not known of one node. */
  readonly macs: number | null;
  /** Most activation memory at one time, were each value freed after its last reader; null where a shape is not known. */
  readonly peak: { readonly bytes: number; readonly node: string } | null;
}

/** @param types of each graph, as `graphTypes` gives them, or with those of the main graph completed by a run */
export function nodeCosts(model: Model, types: ReadonlyMap<Graph, Types>): NodeCosts {
  return graphCosts(model.graph, { types, counted: new Set(), calls: callsThatMultiply(model) });
}

interface Given {
  readonly types: ReadonlyMap<Graph, Types>;
  /** Initializers that a node before has been charged with. */
  readonly counted: Set<string>;
  /** Whose work is inside a function, where shapes are not known. */
  readonly calls: ReadonlySet<Node>;
}

function callsThatMultiply(model: Model): Set<Node> {
  const functions = new Set(
    model.functions
      .filter(({ nodes }) => [...withBodies(nodes)].some(hasMacs))
      .map(({ domain, name }) => JSON.stringify([domain, name])),
  );
  const isCall = ({ domain, opType }: Node): boolean => functions.has(JSON.stringify([domain, opType]));
  return new Set([...withBodies(model.graph.nodes)].filter(isCall));
}

function graphCosts(graph: Graph, given: Given): NodeCosts {
  const { types, counted, calls } = given;
  const own = types.get(graph) ?? new Map<string, TypeInfo>();
  const lives = lifetimes(graph, own);
  const nodes = graph.nodes.map((node, at): NodeCost => {
    const weights = node.inputs.filter((name) => graph.initializers.has(name) && !counted.has(name));
    for (const name of weights) counted.add(name);
    const tensors = [...new Set(weights)].flatMap((name) => graph.initializers.get(name) ?? []);
    const inner = attributes.subgraphsOf(node).map(({ graph: body }) => graphCosts(body, given));
    return {
      name: node.name,
      op: opName(node),
      macs: inner.length > 0 ? bodyMacs(node, inner, own) : calls.has(node) ? null : macsOf(node, shapesOf(graph, own)),
      parameters: tensors.reduce((sum, tensor) => sum + elementCount(tensor.shape), 0),
      weightBytes: tensors.reduce((sum, tensor) => sum + tensorByteLength(tensor), 0),
      outputBytes: sumOrNull(node.outputs.filter((name) => name !== '').map((name) => bytesOf(own.get(name)))),
      liveBytes: lives[at] ?? null,
    };
  });
  const peak = nodes.reduce<NodeCosts['peak']>(
    (most, { name, liveBytes }) =>
      most !== null && (liveBytes ?? 0) <= most.bytes ? most : { bytes: liveBytes ?? 0, node: name },
    null,
  );
  const isKnown = nodes.every(({ liveBytes }) => liveBytes !== null);
  return { nodes, macs: sumOrNull(nodes.map(({ macs }) => macs)), peak: isKnown ? peak : null };
}

function sumOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((sum, value) => (sum === null || value === null ? null : sum + value), 0);
}

function shapesOf(graph: Graph, types: Types): (value: string) => readonly number[] | undefined {
  return (value) => {
    const tensor = graph.initializers.get(value);
    return tensor === undefined ? staticShape(types.get(value)) : tensor.shape;
  };
}

function staticShape(type: TypeInfo | undefined): readonly number[] | undefined {
  if (type?.kind !== 'tensor' || type.shape === null) return undefined;
  return type.shape.every((dim) => typeof dim === 'number') ? (type.shape as number[]) : undefined;
}

function bytesOf(type: TypeInfo | undefined): number | null {
  const shape = staticShape(type);
  return shape === undefined || type?.kind !== 'tensor' ? null : dtypeBytes(type.dtype, elementCount(shape));
}

/** An If takes one of its branches; a Scan runs its body along an axis whose length is known; a Loop's count is not. */
function bodyMacs(node: Node, bodies: readonly NodeCosts[], types: Types): number | null {
  const macs = bodies.map((body) => body.macs);
  if (macs.includes(null)) return null;
  const largest = Math.max(...(macs as number[]));
  if (node.opType === 'If' || largest === 0) return largest;
  if (node.opType !== 'Scan') return null;
  const scans = attributes.intOf(node, 'num_scan_inputs', 0);
  const axis = attributes.intsOf(node, 'scan_input_axes', undefined)?.[0] ?? 0;
  const rounds = staticShape(types.get(node.inputs[node.inputs.length - scans] ?? ''))?.at(axis);
  return rounds === undefined ? null : rounds * largest;
}

/** Bytes alive at each node: values made and not yet read for the last time, inputs of the graph included. */
function lifetimes(graph: Graph, types: Types): (number | null)[] {
  const last = new Map<string, number>();
  for (const [at, node] of graph.nodes.entries())
    for (const name of [...node.inputs, ...node.outputs, ...capturedBy(node)]) last.set(name, at);
  for (const { name } of graph.outputs) last.set(name, graph.nodes.length);
  const born = graph.inputs.filter(({ name }) => !graph.initializers.has(name)).map(({ name }) => name);
  let alive: number | null = 0;
  const live: (number | null)[] = [];
  const deaths = new Map<number, string[]>();
  const bear = (name: string): void => {
    const bytes = bytesOf(types.get(name));
    alive = alive === null || bytes === null ? null : alive + bytes;
    const end = last.get(name) ?? 0;
    deaths.set(end, [...(deaths.get(end) ?? []), name]);
  };
  for (const name of born) bear(name);
  for (const [at, node] of graph.nodes.entries()) {
    for (const name of node.outputs) if (name !== '') bear(name);
    live.push(alive);
    for (const name of deaths.get(at) ?? []) {
      const bytes = bytesOf(types.get(name));
      alive = alive === null || bytes === null ? null : alive - bytes;
    }
  }
  return live;
}
