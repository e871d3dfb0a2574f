/**
 * A Loop whose number of rounds is known when it begins, and whose body never ends it, is a Scan over the numbers of its rounds: so it
 * can be differentiated.
 * Source: the operators' definitions in ONNX (Loop-16, Scan-16).
 */

import { readTensor } from '../onnx/file';
import {
  attributes,
  type Graph,
  indexGraph,
  type Model,
  makeNode,
  type Node,
  Patch,
  type Tensor,
  type TypeInfo,
  tensorFromArray,
} from '../onnx/ir';
import { type GraphTypes, graphTypes } from '../onnx/session';
import { Emitter, namesOf } from './emitter';
import { unsupported } from './gradient';
import { notWritten } from './no-gradient';

/**
 * @param isWanted which Loops of the main graph; the others stay as they are
 * @throws LatheError that says why a Loop is none of that kind
 */
export async function writeOutLoops(model: Model, isWanted: (node: Node) => boolean = () => true): Promise<Model> {
  const loops = model.graph.nodes.filter((node) => node.domain === '' && node.opType === 'Loop' && isWanted(node));
  if (loops.length === 0) return model;
  const types = await graphTypes(model);
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  for (const loop of loops) {
    const body = bodyOf(loop);
    const refusal = reasonAgainst(loop, body, model.graph, types);
    if (refusal !== null) throw unsupported(loop, refusal, notWritten.Loop?.next);
    patch.removeNode(loop.name);
    patch.addNode(scanOf(loop, body, emit));
  }
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { ...model, graph: patch.apply() };
}

function bodyOf(loop: Node): Graph {
  return attributes.subgraphsOf(loop)[0]?.graph as Graph;
}

type Constants = ReadonlyMap<string, Tensor>;

/** null where it is a Scan. */
function reasonAgainst(loop: Node, body: Graph, graph: Graph, types: GraphTypes): string | null {
  const constants = graph.initializers;
  const [count = '', condition = ''] = loop.inputs;
  if (count === '') return 'how often its body runs is decided in its body';
  const begins = condition === '' || isTrue(constants.get(condition));
  if (!begins || !goesOn(body, constants)) return 'its body may end it before the last round';
  const [inner, outer] = [types.of(body), types.of(graph)];
  for (const [at, value] of loop.inputs.slice(2).entries()) {
    const state = body.inputs[at + 2];
    const [first, before] = [outer.get(value), inner.get(state?.name ?? '')];
    if ([first, before, state?.type].some((type) => type && type.kind !== 'tensor'))
      return 'it carries sequences from round to round';
    if (losesShape(first, before)) return `"${value}" changes its shape from round to round`;
  }
  return null;
}

/** The shape of a state is known in the body where it stays what it was at first. */
function losesShape(first: TypeInfo | undefined, before: TypeInfo | undefined): boolean {
  const [from, to] = [first, before].map((type) => (type?.kind === 'tensor' ? type.shape : null));
  if (!from?.every((dim) => typeof dim === 'number')) return false;
  return to?.length !== from.length || from.some((dim, at) => dim !== to[at]);
}

function isTrue(tensor: Tensor | undefined): boolean {
  return tensor !== undefined && Number(readTensor(tensor).data[0]) !== 0;
}

/** Whether the condition that the body gives is the one it was given, or always true. */
function goesOn(body: Graph, constants: Constants): boolean {
  const index = indexGraph(body);
  let value = body.outputs[0]?.name ?? '';
  for (;;) {
    if (value === body.inputs[1]?.name || isTrue(body.initializers.get(value) ?? constants.get(value))) return true;
    const maker = index.producer(value);
    if (maker === undefined || !['Cast', 'Identity', 'Squeeze', 'Unsqueeze'].includes(maker.opType)) return false;
    value = maker.inputs[0] as string;
  }
}

function scanOf(loop: Node, body: Graph, emit: Emitter): Node {
  const [round, condition, ...states] = body.inputs as [
    Graph['inputs'][number],
    Graph['inputs'][number],
    ...Graph['inputs'],
  ];
  const rank = round.type?.kind === 'tensor' ? (round.type.shape?.length ?? 0) : 0;
  const count = emit.reshape(loop.inputs[0] as string, []);
  const rounds = emit.op('Range', [emit.integers([0], []), count, emit.integers([1], [])]);
  const numbers = rank === 0 ? rounds : emit.unsqueeze(rounds, [1]);
  const made = new Set(body.nodes.flatMap(({ outputs }) => outputs));
  const handed: Node[] = [];
  // A body gives what one of its nodes makes.
  const outputs = body.outputs.slice(1).map((value) => {
    if (made.has(value.name)) return value;
    const name = emit.fresh(`${value.name}:handed`);
    handed.push(makeNode('Identity', emit.fresh(`${loop.name}:${value.name}`), [value.name], [name]));
    return { ...value, name };
  });
  const always = tensorFromArray(condition.name, { dtype: 'bool', shape: [], data: Uint8Array.of(1) });
  const steps: Graph = {
    ...body,
    nodes: [...body.nodes, ...handed],
    inputs: [...states, round],
    outputs,
    initializers: new Map([...body.initializers, [condition.name, always]]),
  };
  return makeNode('Scan', loop.name, [...loop.inputs.slice(2), numbers], loop.outputs, {
    body: attributes.graph(steps),
    num_scan_inputs: attributes.int(1),
  });
}
