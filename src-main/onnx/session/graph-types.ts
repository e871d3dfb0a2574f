/**
 * Types of values in every graph of a model. The runtime tells those of the main graph; a body of If, Loop or Scan is
 * lifted into a model of its own, whose inputs are the values that it captures, and so is a function for each call.
 */

import {
  attributes,
  calledFunction,
  capturedBy,
  type Dim,
  functionNodes,
  type Graph,
  type Model,
  type ModelFunction,
  type Node,
  renameReads,
  type Tensor,
  type TypeInfo,
  type Value,
} from '../ir';
import { isStatic } from './folded-types';
import { valueTypes } from './value-types';

export type Types = ReadonlyMap<string, TypeInfo>;

export interface GraphTypes {
  /** Of a graph's own values and what it captures; empty for a graph that is not of the model. */
  of(graph: Graph): Types;
  /** The body of the function that a node calls; its values are named as in the function. */
  bodyOfCall(call: Node): Graph | undefined;
  /** The main graph, then bodies and called functions, outer before inner. */
  graphs(): Iterable<Graph>;
  /** With other types of the main graph's values, and what follows from them in bodies. */
  completedBy(main: Types): Promise<GraphTypes>;
}

/**
 * @param isWanted which bodies are worth a session; of the others only what the file states is given
 * @returns for the main graph, each body and each call of a function the types of its own values; a body whose inputs
 * have no known types, or which the runtime does not load alone, has those that the file states
 * @throws LatheError where onnxruntime does not load the model at all
 */
export async function graphTypes(model: Model, isWanted: (body: Graph) => boolean = () => true): Promise<GraphTypes> {
  return typesFrom(model, await valueTypes(model), isWanted, new Map());
}

async function typesFrom(
  model: Model,
  main: Types,
  isWanted: (body: Graph) => boolean,
  calls: Map<Node, Graph>,
): Promise<GraphTypes> {
  const walk = new Walk(model, isWanted, calls);
  await walk.add(model.graph, main, new Map(), new Map());
  return {
    of: (graph) => walk.found.get(graph) ?? new Map(),
    bodyOfCall: (call) => calls.get(call),
    graphs: () => walk.found.keys(),
    completedBy: (completed) => typesFrom(model, completed, isWanted, calls),
  };
}

class Walk {
  readonly found = new Map<Graph, Types>();
  readonly #model: Model;
  readonly #isWanted: (body: Graph) => boolean;
  readonly #calls: Map<Node, Graph>;
  readonly #functionOf: (node: Node) => ModelFunction | undefined;

  constructor(model: Model, isWanted: (body: Graph) => boolean, calls: Map<Node, Graph>) {
    this.#model = model;
    this.#isWanted = isWanted;
    this.#calls = calls;
    this.#functionOf = calledFunction(model);
  }

  /**
   * @param outer types of the graphs around
   * @param tensors constants of the graphs around
   */
  async add(graph: Graph, types: Types, outer: Types, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
    this.found.set(graph, types);
    const [typesInView, tensorsInView] = [new Map([...outer, ...types]), new Map([...tensors, ...graph.initializers])];
    for (const node of graph.nodes) {
      const fn = this.#functionOf(node);
      if (fn !== undefined) await this.#addCall(node, fn, typesInView, tensorsInView);
      for (const { attribute, graph: body } of attributes.subgraphsOf(node)) {
        const inputs = bodyInputs(node, attribute, body, typesInView);
        const inner = await this.#typesOf(node, body, inputs, typesInView, tensorsInView);
        await this.add(body, inner, typesInView, tensorsInView);
      }
    }
  }

  async #addCall(call: Node, fn: ModelFunction, types: Types, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
    const body = this.#calls.get(call) ?? callBody(call, fn, types, tensors);
    this.#calls.set(call, body);
    const isTyped = body.inputs.every(({ type }) => type !== null);
    const opsets = new Map([...this.#model.opsets, ...fn.opsets]);
    const inner = this.#isWanted(body) && isTyped ? valueTypes({ ...this.#model, opsets, graph: body }) : stated(body);
    await this.add(body, await Promise.resolve(inner).catch(() => stated(body)), new Map(), new Map());
  }

  async #typesOf(
    node: Node,
    body: Graph,
    inputs: readonly Value[],
    types: Types,
    tensors: ReadonlyMap<string, Tensor>,
  ): Promise<Types> {
    const lifted = this.#isWanted(body) ? liftBody(this.#model, node, body, inputs, types, tensors) : null;
    if (lifted === null) return stated(body);
    const inner = await valueTypes(lifted).catch(() => stated(body));
    return node.opType === 'Loop' ? this.#withKeptStates(node, lifted, inner, types) : inner;
  }

  /** A state of a Loop may change its shape from round to round; it does not where its first shape gives itself. */
  async #withKeptStates(loop: Node, lifted: Model, inner: Types, types: Types): Promise<Types> {
    const { graph } = lifted;
    const states = graph.inputs.slice(2, loop.inputs.length);
    const first = new Map(states.map(({ name }, at) => [name, types.get(loop.inputs[at + 2] ?? '') ?? null]));
    if ([...first.values()].every((type) => !isStatic(type ?? undefined))) return inner;
    const inputs = graph.inputs.map((input) => ({ ...input, type: first.get(input.name) ?? input.type }));
    const tried = await valueTypes({ ...lifted, graph: { ...graph, inputs } }).catch(() => inner);
    const isKept = states.every(({ name }, at) =>
      sameType(first.get(name), tried.get(graph.outputs[at + 1]?.name ?? '')),
    );
    return isKept ? tried : inner;
  }
}

function sameType(a: TypeInfo | null | undefined, b: TypeInfo | null | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The function as a graph whose inputs have the types, and the weights, that the call gives them. */
function callBody(call: Node, fn: ModelFunction, types: Types, tensors: ReadonlyMap<string, Tensor>): Graph {
  const inputs: Value[] = [];
  const initializers = new Map<string, Tensor>();
  const absent = new Map<string, string>();
  for (const [at, name] of fn.inputs.entries()) {
    const given = call.inputs[at] ?? '';
    const tensor = tensors.get(given);
    if (given === '') absent.set(name, '');
    else if (tensor === undefined) inputs.push({ name, type: types.get(given) ?? null });
    else initializers.set(name, { ...tensor, name });
  }
  return {
    name: fn.name,
    nodes: functionNodes(fn, call).map((node) => renameReads(node, absent)),
    inputs,
    outputs: fn.outputs.filter((_, at) => (call.outputs[at] ?? '') !== '').map((name) => ({ name, type: null })),
    initializers,
    sparseInitializers: [],
    values: fn.values,
  };
}

function stated({ inputs, outputs, values }: Graph): Types {
  const types = new Map<string, TypeInfo>();
  for (const { name, type } of [...values.values(), ...outputs, ...inputs]) if (type !== null) types.set(name, type);
  return types;
}

/** null where something that the body reads has no known type. */
function liftBody(
  model: Model,
  node: Node,
  body: Graph,
  inputs: readonly Value[],
  types: Types,
  tensors: ReadonlyMap<string, Tensor>,
): Model | null {
  const initializers = new Map(body.initializers);
  const captured: Value[] = [];
  for (const name of capturedBy({ ...node, attributes: new Map([['body', attributes.graph(body)]]) })) {
    const tensor = tensors.get(name);
    const type = types.get(name);
    if (tensor !== undefined) initializers.set(name, tensor);
    else if (type !== undefined) captured.push({ name, type });
    else return null;
  }
  if (inputs.some(({ type }) => type === null)) return null;
  return { ...model, graph: { ...body, inputs: [...inputs, ...captured], initializers } };
}

/** The body's own inputs, with what follows from the values that the node is given where the body does not say it. */
function bodyInputs(node: Node, attribute: string, body: Graph, types: Types): Value[] {
  return body.inputs.map((input, at) => {
    const given = attribute === 'body' ? inputType(node, at, types) : undefined;
    return { ...input, type: moreExact(input.type, given ?? null) };
  });
}

function inputType(node: Node, at: number, types: Types): TypeInfo | undefined {
  if (node.opType === 'Loop') {
    if (at === 0) return { kind: 'tensor', dtype: 'int64', shape: [] };
    if (at === 1) return { kind: 'tensor', dtype: 'bool', shape: [] };
    // A state may change its shape from round to round.
    const state = types.get(node.inputs[at] ?? '');
    return state?.kind === 'tensor' ? { ...state, shape: null } : state;
  }
  if (node.opType !== 'Scan') return undefined;
  const states = node.inputs.length - attributes.intOf(node, 'num_scan_inputs', 0);
  const type = types.get(node.inputs[at] ?? '');
  if (at < states || type?.kind !== 'tensor' || type.shape === null) return type;
  const axis = attributes.intsOf(node, 'scan_input_axes', undefined)?.[at - states] ?? 0;
  return {
    ...type,
    shape: type.shape.filter((_, index) => index !== (axis < 0 ? axis + (type.shape as Dim[]).length : axis)),
  };
}

function moreExact(stated: TypeInfo | null, given: TypeInfo | null): TypeInfo | null {
  if (stated === null) return given;
  const isVague = stated.kind === 'tensor' && stated.shape === null && given?.kind === 'tensor';
  return isVague ? given : stated;
}
