/** What each node costs: multiply–accumulates, weights, and the memory of activations while it runs. */

import { readTensor } from '../onnx/file';
import {
  attributes,
  capturedBy,
  dtypeBytes,
  elementCount,
  type Graph,
  type Model,
  type Node,
  type Tensor,
  type TensorData,
  type TypeInfo,
  tensorByteLength,
} from '../onnx/ir';
import type { GraphTypes, Types } from '../onnx/session';
import { opName } from './fusion-report';
import { macsOf } from './macs';

export interface NodeCost {
  readonly node: Node;
  readonly name: string;
  readonly op: string;
  /** Bodies included: one branch of an If, each round of a Scan or Loop. null where a shape is not known. */
  readonly macs: number | null;
  /** Elements and bytes of the weights that it is the first to read. */
  readonly parameters: number;
  readonly weightBytes: number;
  /** Of its outputs. null where a shape is not known. */
  readonly outputBytes: number | null;
  /** Of all values that are alive while it runs, its inputs, outputs and bodies included; weights not. null as above. */
  readonly liveBytes: number | null;
  readonly bodies: readonly BodyCosts[];
}

/** The body of an If, Loop or Scan, or of a function at one of its calls. */
export interface BodyCosts {
  /** `then_branch`; the function's name at a call. */
  readonly label: string;
  readonly graph: Graph;
  /** How often it runs at most; null: a Loop whose count is not constant, of which one round is counted. */
  readonly rounds: number | null;
  /** Of an If the branch that was seen to run, else the larger one; other bodies all are. */
  readonly isCounted: boolean;
  readonly costs: NodeCosts;
}

export interface NodeCosts {
  readonly nodes: readonly NodeCost[];
  /** null where it is not known of one node. */
  readonly macs: number | null;
  /** Most activation memory at one time, were each value freed after its last reader; null where a shape is not known. */
  readonly peak: { readonly bytes: number; readonly node: string } | null;
  /** What has to be known of the figures: rounds that are guessed. */
  readonly notes: readonly string[];
}

/** Sums over the nodes of one operator; what is in a body counts as often as it runs, and of an If one branch. */
export interface OpCost {
  readonly op: string;
  readonly nodes: number;
  readonly macs: number | null;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly outputBytes: number | null;
}

/** @param types as `graphTypes` gives them, or completed by a run */
export function nodeCosts(model: Model, types: GraphTypes): NodeCosts {
  return graphCosts(model.graph, { types, counted: new Set(), tensors: new Map() });
}

interface Given {
  readonly types: GraphTypes;
  /** Data that a node before has been charged with. */
  readonly counted: Set<TensorData>;
  /** Constants of the graphs around. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

function graphCosts(graph: Graph, given: Given): NodeCosts {
  const own = given.types.of(graph);
  const tensors = new Map([...given.tensors, ...constantsOf(graph)]);
  const inner = { ...given, tensors };
  const lives = lifetimes(graph, own);
  const nodes = graph.nodes.map((node, at): NodeCost => {
    const weights = uncounted(node, tensors, given.counted);
    const bodies = bodiesOf(node, own, inner);
    return {
      node,
      name: node.name,
      op: opName(node),
      macs: bodies.length > 0 ? bodyMacs(bodies) : macsOf(node, shapesOf(tensors, own)),
      parameters: weights.reduce((sum, tensor) => sum + elementCount(tensor.shape), 0),
      weightBytes: weights.reduce((sum, tensor) => sum + tensorByteLength(tensor), 0),
      outputBytes: sumOrNull(node.outputs.filter((name) => name !== '').map((name) => bytesOf(own.get(name)))),
      liveBytes: sumOrNull([lives[at] ?? null, innerPeak(bodies)]),
      bodies,
    };
  });
  const peak = nodes.reduce<NodeCosts['peak']>(
    (most, { name, liveBytes }) =>
      most !== null && (liveBytes ?? 0) <= most.bytes ? most : { bytes: liveBytes ?? 0, node: name },
    null,
  );
  const isKnown = nodes.every(({ liveBytes }) => liveBytes !== null);
  return {
    nodes,
    macs: sumOrNull(nodes.map(({ macs }) => macs)),
    peak: isKnown ? peak : null,
    notes: nodes.flatMap((cost) => [
      ...roundsNote(cost),
      ...branchNote(cost),
      ...cost.bodies.flatMap(({ costs }) => costs.notes),
    ]),
  };
}

function constantsOf({ initializers, nodes }: Graph): Map<string, Tensor> {
  const constants = new Map(initializers);
  for (const node of nodes) {
    const value = node.opType === 'Constant' ? attributes.tensorOf(node, 'value') : undefined;
    if (value !== undefined && node.outputs[0] !== undefined) constants.set(node.outputs[0], value);
  }
  return constants;
}

/** Weights that no node before has been charged with: initializers that it reads, and what a Constant carries. */
function uncounted(node: Node, tensors: ReadonlyMap<string, Tensor>, counted: Set<TensorData>): Tensor[] {
  const read = node.opType === 'Constant' ? node.outputs : node.inputs;
  return read.flatMap((name) => {
    const tensor = tensors.get(name);
    if (tensor === undefined || counted.has(tensor.data)) return [];
    counted.add(tensor.data);
    return [tensor];
  });
}

function bodiesOf(node: Node, types: Types, given: Given): BodyCosts[] {
  const called = given.types.bodyOfCall(node);
  if (called !== undefined) {
    const costs = graphCosts(called, { ...given, tensors: new Map() });
    return [{ label: called.name, graph: called, rounds: 1, isCounted: true, costs }];
  }
  const bodies = attributes.subgraphsOf(node).map(({ attribute, graph }) => ({
    label: attribute,
    graph,
    rounds: roundsOf(node, types, given.tensors),
    costs: graphCosts(graph, given),
  }));
  const counted = given.types.branchTaken(node) ?? largest(bodies)?.label;
  return bodies.map((body) => ({ ...body, isCounted: body.label === counted }));
}

/** One whose work is not known may be any size. */
function largest<Body extends Pick<BodyCosts, 'costs'>>(bodies: readonly Body[]): Body | undefined {
  const sizeOf = ({ costs }: Body): number => costs.macs ?? Number.POSITIVE_INFINITY;
  return [...bodies].sort((a, b) => sizeOf(b) - sizeOf(a))[0];
}

/** A Scan runs its body along an axis whose length is known; a Loop as often as its first input says, if that is constant. */
function roundsOf(node: Node, types: Types, tensors: ReadonlyMap<string, Tensor>): number | null {
  if (node.opType === 'Loop') {
    const count = tensors.get(node.inputs[0] ?? '');
    return count === undefined ? null : Number(readTensor(count).data[0]);
  }
  if (node.opType !== 'Scan') return 1;
  const scans = attributes.intOf(node, 'num_scan_inputs', 0);
  const axis = attributes.intsOf(node, 'scan_input_axes', undefined)?.[0] ?? 0;
  return staticShape(types.get(node.inputs[node.inputs.length - scans] ?? ''))?.at(axis) ?? null;
}

/** Of a Loop that runs who knows how often, one round. */
function bodyMacs(bodies: readonly BodyCosts[]): number | null {
  const counted = bodies.filter(({ isCounted }) => isCounted);
  return sumOrNull(counted.map(({ costs, rounds }) => (costs.macs === null ? null : costs.macs * (rounds ?? 1))));
}

function innerPeak(bodies: readonly BodyCosts[]): number | null {
  const counted = bodies.filter(({ isCounted }) => isCounted);
  return sumOrNull(counted.map(({ costs }) => (costs.nodes.length === 0 ? 0 : (costs.peak?.bytes ?? null))));
}

/** An If that is counted by what a run took, although its other branch works more or who knows how much. */
function branchNote({ node, bodies }: NodeCost): string[] {
  const counted = bodies.find(({ isCounted }) => isCounted);
  if (node.opType !== 'If' || counted === undefined) return [];
  const others = bodies.filter((body) => body !== counted).map(({ costs }) => costs.macs);
  const isLarger = others.some((macs) => macs === null || macs > (counted.costs.macs ?? Number.POSITIVE_INFINITY));
  return isLarger ? [`If "${node.name}" is counted with its ${counted.label}, which the run took.`] : [];
}

function roundsNote({ node, bodies }: NodeCost): string[] {
  const [body] = bodies;
  if (body === undefined || (node.opType !== 'Loop' && node.opType !== 'Scan') || body.costs.macs === 0) return [];
  const who = `${node.opType} "${node.name}"`;
  if (body.rounds === null) return [`${who} is counted with one round: how often it runs is not constant.`];
  return node.opType === 'Loop' && !runsToItsEnd(body.graph)
    ? [`${who} is counted with all its ${body.rounds} rounds; its condition may end it before.`]
    : [];
}

/** Whether the condition that a Loop's body gives out is the one that it was given. */
function runsToItsEnd({ nodes, inputs, outputs }: Graph): boolean {
  const condition = outputs[0]?.name;
  const maker = nodes.find((node) => node.outputs[0] === condition);
  const given = maker?.opType === 'Identity' || maker?.opType === 'Cast' ? maker.inputs[0] : condition;
  return given === inputs[1]?.name;
}

/** Sums by operator, most work first, then most weights. */
export function costsByOp({ nodes }: NodeCosts): OpCost[] {
  const sums = new Map<string, OpCost>();
  addOps(nodes, 1, sums);
  return [...sums.values()].sort(
    (a, b) => (b.macs ?? 0) - (a.macs ?? 0) || b.weightBytes - a.weightBytes || b.nodes - a.nodes,
  );
}

function addOps(nodes: readonly NodeCost[], times: number, sums: Map<string, OpCost>): void {
  for (const { op, macs, parameters, weightBytes, outputBytes, bodies } of nodes) {
    const before = sums.get(op) ?? { op, nodes: 0, macs: 0, parameters: 0, weightBytes: 0, outputBytes: 0 };
    const ownMacs = bodies.length > 0 ? 0 : macs;
    sums.set(op, {
      op,
      nodes: before.nodes + 1,
      macs: sumOrNull([before.macs, ownMacs === null ? null : ownMacs * times]),
      parameters: before.parameters + parameters,
      weightBytes: before.weightBytes + weightBytes,
      outputBytes: sumOrNull([before.outputBytes, outputBytes === null ? null : outputBytes * times]),
    });
    for (const body of bodies) addOps(body.costs.nodes, body.isCounted ? times * (body.rounds ?? 1) : 0, sums);
  }
}

function sumOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((sum, value) => (sum === null || value === null ? null : sum + value), 0);
}

function shapesOf(
  tensors: ReadonlyMap<string, Tensor>,
  types: Types,
): (value: string) => readonly number[] | undefined {
  return (value) => tensors.get(value)?.shape ?? staticShape(types.get(value));
}

function staticShape(type: TypeInfo | undefined): readonly number[] | undefined {
  if (type?.kind !== 'tensor' || type.shape === null) return undefined;
  return type.shape.every((dim) => typeof dim === 'number') ? (type.shape as number[]) : undefined;
}

function bytesOf(type: TypeInfo | undefined): number | null {
  const shape = staticShape(type);
  return shape === undefined || type?.kind !== 'tensor' ? null : dtypeBytes(type.dtype, elementCount(shape));
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
    // What a Constant makes is a weight.
    if (node.opType !== 'Constant') for (const name of node.outputs) if (name !== '') bear(name);
    live.push(alive);
    for (const name of deaths.get(at) ?? []) {
      const bytes = bytesOf(types.get(name));
      alive = alive === null || bytes === null ? null : alive - bytes;
    }
  }
  return live;
}
