/**
 * Types of values in every graph of a model. The runtime tells those of the main graph; a body of If, Loop or Scan is
 * lifted into a model of its own, whose inputs are the values that it captures, and so is a function for each call.
 */

import { readTensor } from '../file';
import {
  attributes,
  calledFunction,
  capturedBy,
  type Dim,
  elementCount,
  type Feeds,
  functionNodes,
  type Graph,
  isArrayDType,
  type Model,
  type ModelFunction,
  type NdArray,
  type Node,
  renameReads,
  type Tensor,
  type TypeInfo,
  type Value,
} from '../ir';
import { isStatic } from './folded-types';
import { observeRun } from './observe-run';
import { valueTypes } from './value-types';

export type Types = ReadonlyMap<string, TypeInfo>;

export interface GraphTypes {
  /** Of a graph's own values and what it captures; empty for a graph that is not of the model. */
  of(graph: Graph): Types;
  /** The body of the function that a node calls; its values are named as in the function. */
  bodyOfCall(call: Node): Graph | undefined;
  /** The attribute whose body an If ran, where it was observed. */
  branchTaken(node: Node): string | undefined;
  /** The main graph, then bodies and called functions, outer before inner. */
  graphs(): Iterable<Graph>;
  /**
   * What inference leaves open completed by one run of each graph: bodies run by themselves on the values that reach
   * them, of a Loop or Scan the first round.
   * @throws LatheError where the model does not run on the feeds
   */
  observedOn(feeds: Feeds): Promise<GraphTypes>;
}

/**
 * @param isWanted which bodies are worth a session; of the others only what the file states is given
 * @returns for the main graph, each body and each call of a function the types of its own values; a body whose inputs
 * have no known types, or which the runtime does not load alone, has those that the file states
 * @throws LatheError where onnxruntime does not load the model at all
 */
export async function graphTypes(model: Model, isWanted: (body: Graph) => boolean = () => true): Promise<GraphTypes> {
  return typesFrom(model, await valueTypes(model), isWanted, new Map(), null);
}

async function typesFrom(
  model: Model,
  inferred: Types,
  isWanted: (body: Graph) => boolean,
  calls: Map<Node, Graph>,
  feeds: Feeds | null,
): Promise<GraphTypes> {
  const walk = new Walk(model, isWanted, calls);
  const main = { graph: model.graph, lifted: model, types: inferred };
  const seen = feeds === null ? null : await observe(model, inferred, feeds);
  await walk.add(main, seen, nothingAround);
  return {
    of: (graph) => walk.found.get(graph) ?? new Map(),
    bodyOfCall: (call) => calls.get(call),
    branchTaken: (node) => walk.taken.get(node),
    graphs: () => walk.found.keys(),
    observedOn: (given) => typesFrom(model, inferred, isWanted, calls, given),
  };
}

/** A graph as a model of its own; null where it cannot be one. */
interface Site {
  readonly graph: Graph;
  readonly lifted: Model | null;
  readonly types: Types;
}

/** What a run of a graph showed. */
interface Seen {
  readonly types: Types;
  /** By name: what it was fed, and what the bodies in it need. */
  readonly values: Feeds;
}

/** Types, constants and values of the graphs around. */
interface Surroundings {
  readonly types: Types;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly values: Feeds;
}
const nothingAround: Surroundings = { types: new Map(), tensors: new Map(), values: {} };

class Walk {
  readonly found = new Map<Graph, Types>();
  readonly taken = new Map<Node, string>();
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

  /** @param seen null: the graph was not run */
  async add({ graph, types: inferred }: Site, seen: Seen | null, around: Surroundings): Promise<void> {
    const types = seen?.types ?? inferred;
    this.found.set(graph, types);
    const inView: Surroundings = {
      types: new Map([...around.types, ...types]),
      tensors: new Map([...around.tensors, ...graph.initializers]),
      values: { ...around.values, ...seen?.values },
    };
    for (const node of graph.nodes) {
      const fn = this.#functionOf(node);
      if (fn !== undefined) {
        const site = await this.#callSite(node, fn, inView);
        await this.#addInner(site, seen === null ? null : argumentValues(node, fn, inView.values), nothingAround);
      }
      if (seen !== null && node.opType === 'If') this.#noteBranch(node, inView);
      for (const { attribute, graph: body } of attributes.subgraphsOf(node)) {
        const site = await this.#bodySite(node, attribute, body, inView);
        await this.#addInner(site, seen === null ? null : firstRound(node, body, inView.values), inView);
      }
    }
  }

  /** A body that does not run by itself, such as a branch that would not be taken, keeps what was inferred. */
  async #addInner(site: Site, feeds: Feeds | null, around: Surroundings): Promise<void> {
    const run = feeds !== null && site.lifted !== null ? observe(site.lifted, site.types, feeds) : null;
    await this.add(site, (await run?.catch(() => null)) ?? null, around);
  }

  #noteBranch(node: Node, { tensors, values }: Surroundings): void {
    const name = node.inputs[0] ?? '';
    const tensor = tensors.get(name);
    const condition = tensor === undefined ? values[name] : readTensor(tensor);
    if (condition !== undefined) this.taken.set(node, condition.data[0] ? 'then_branch' : 'else_branch');
  }

  async #callSite(call: Node, fn: ModelFunction, { types, tensors }: Surroundings): Promise<Site> {
    const body = this.#calls.get(call) ?? callBody(call, fn, tensors);
    this.#calls.set(call, body);
    const typed = body.inputs.map((input) => ({
      ...input,
      type: types.get(call.inputs[fn.inputs.indexOf(input.name)] ?? '') ?? null,
    }));
    if (!this.#isWanted(body) || typed.some(({ type }) => type === null))
      return { graph: body, lifted: null, types: stated(body) };
    const opsets = new Map([...this.#model.opsets, ...fn.opsets]);
    const lifted = { ...this.#model, opsets, graph: { ...body, inputs: typed } };
    return { graph: body, lifted, types: await valueTypes(lifted).catch(() => stated(body)) };
  }

  async #bodySite(node: Node, attribute: string, body: Graph, { types, tensors }: Surroundings): Promise<Site> {
    const inputs = bodyInputs(node, attribute, body, types);
    const lifted = this.#isWanted(body) ? liftBody(this.#model, node, body, inputs, types, tensors) : null;
    if (lifted === null) return { graph: body, lifted, types: stated(body) };
    const inner = await valueTypes(lifted).catch(() => stated(body));
    const kept = node.opType === 'Loop' ? await this.#withKeptStates(node, lifted, inner, types) : inner;
    return { graph: body, lifted, types: kept };
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

/** Runs a graph for what is open in it, and for the values that the bodies in it read. */
async function observe(model: Model, types: Types, values: Feeds): Promise<Seen> {
  const { graph } = model;
  const fed = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const feeds = Object.fromEntries(fed.flatMap(({ name }) => (values[name] ? [[name, values[name]]] : [])));
  const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  const isTensor = (name: string): boolean => types.get(name)?.kind === 'tensor';
  const open = [...types.keys()].filter((name) => isTensor(name) && !isStatic(types.get(name)));
  const wanted = new Set(graph.nodes.flatMap((node) => readByBodies(node, model)).filter((name) => made.has(name)));
  const asked = { shapes: open.filter((name) => made.has(name) || name in feeds), values: [...wanted].filter(isHeld) };
  function isHeld(name: string): boolean {
    const type = types.get(name);
    return type?.kind === 'tensor' && isArrayDType(type.dtype);
  }
  if (asked.shapes.length === 0 && asked.values.length === 0) return { types, values: feeds };
  const seen = await observeRun(model, asked, feeds);
  const completed = new Map(types);
  for (const [name, shape] of seen.shapes) {
    const type = types.get(name);
    if (type?.kind === 'tensor') completed.set(name, { ...type, shape });
  }
  return { types: completed, values: { ...feeds, ...seen.values } };
}

/** What has to be known for a run of the node's bodies: what they capture, and what it hands them. */
function readByBodies(node: Node, model: Model): string[] {
  const hasBody = attributes.subgraphsOf(node).length > 0 || calledFunction(model)(node) !== undefined;
  return hasBody ? [...node.inputs, ...capturedBy(node)] : [];
}

/** The values that the first round of a body is run on; null where one is not known. */
function firstRound(node: Node, body: Graph, values: Feeds): Feeds | null {
  const given = body.inputs.map((_, at) => roundInput(node, at, values));
  if (given.includes(null)) return null;
  return { ...values, ...Object.fromEntries(body.inputs.map(({ name }, at) => [name, given[at] as NdArray])) };
}

function roundInput(node: Node, at: number, values: Feeds): NdArray | null {
  if (node.opType === 'Loop' && at === 0) return { dtype: 'int64', shape: [], data: BigInt64Array.of(0n) };
  if (node.opType === 'Loop' && at === 1) return { dtype: 'bool', shape: [], data: Uint8Array.of(1) };
  const value = values[node.inputs[at] ?? ''] ?? null;
  const states = node.inputs.length - attributes.intOf(node, 'num_scan_inputs', 0);
  if (node.opType !== 'Scan' || at < states || value === null) return value;
  const axis = attributes.intsOf(node, 'scan_input_axes', undefined)?.[at - states] ?? 0;
  const shape = value.shape.slice(1);
  // Scans along another axis than the first are rare, and only their types would be seen.
  return axis === 0 ? { ...value, shape, data: value.data.slice(0, elementCount(shape)) as never } : null;
}

function argumentValues(call: Node, fn: ModelFunction, values: Feeds): Feeds {
  const pairs = fn.inputs.map((name, at) => [name, values[call.inputs[at] ?? '']] as const);
  return Object.fromEntries(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

/** The function as a graph, with the weights that the call gives it; its other inputs are typed where it is lifted. */
function callBody(call: Node, fn: ModelFunction, tensors: ReadonlyMap<string, Tensor>): Graph {
  const inputs: Value[] = [];
  const initializers = new Map<string, Tensor>();
  const absent = new Map<string, string>();
  for (const [at, name] of fn.inputs.entries()) {
    const given = call.inputs[at] ?? '';
    const tensor = tensors.get(given);
    if (given === '') absent.set(name, '');
    else if (tensor === undefined) inputs.push({ name, type: null });
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
