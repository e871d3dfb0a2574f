/**
 * Types of values in every graph of a model. The runtime tells those of the main graph; a body of If, Loop or Scan is
 * lifted into a model of its own, whose inputs are the values that it captures, and so is a function for each call.
 */

import { readTensor } from '../file';
import {
  attributes,
  calledFunction,
  type Feeds,
  fedInputs,
  type Graph,
  type Model,
  type ModelFunction,
  type NdArray,
  type Node,
  standardOpset,
  type Tensor,
  type TypeInfo,
} from '../ir';
import { argumentValues, branchOf, firstRound, hasNoRound } from './body-feeds';
import { isStatic } from './folded-types';
import { bodyInputs, callBody, liftBody, stated } from './lift-body';
import { observeForced, observeGraph, type Seen } from './observe-graph';
import { valueTypes } from './value-types';

export type Types = ReadonlyMap<string, TypeInfo>;

export interface GraphTypes {
  /** Of a graph's own values and what it captures; empty for a graph that is not of the model. */
  of(graph: Graph): Types;
  /** The body of the function that a node calls; its values are named as in the function. */
  bodyOfCall(call: Node): Graph | undefined;
  /** The attribute whose body an If ran, where it was observed. */
  branchTaken(node: Node): string | undefined;
  /** Whether what was observed of a graph is of a run made for it alone: the model's own run did not come by. */
  isForced(graph: Graph): boolean;
  /** The main graph, then bodies and called functions, outer before inner. */
  graphs(): Iterable<Graph>;
  /** Where a body was run on other sizes than reach it, or in part: a sentence each. */
  readonly remarks: readonly string[];
  /**
   * What inference leaves open completed by one run of each graph: bodies run by themselves on the values that reach
   * them, of a Loop or Scan the first round.
   * @throws LatheError where the model does not run on the feeds
   */
  observedOn(feeds: Feeds, aside?: Aside): Promise<GraphTypes>;
}

/** What helps to run the bodies that the model's own run passes by. */
export interface Aside {
  /** What a body is run on where only types and shapes of what reaches it are known. */
  readonly random?: RandomFeeds | undefined;
  /** Types of a graph before sizes were given: which of them a body may be run on otherwise. Left out: as inferred. */
  readonly open?: ((graph: Graph) => Types) | undefined;
}

export type RandomFeeds = (lifted: Model) => Feeds;

/**
 * @param isWanted which bodies are worth a session; of the others only what the file states is given
 * @returns for the main graph, each body and each call of a function the types of its own values; a body whose inputs
 * have no known types, or which the runtime does not load alone, has those that the file states
 * @throws LatheError where onnxruntime does not load the model at all
 */
export async function graphTypes(model: Model, isWanted: (body: Graph) => boolean = () => true): Promise<GraphTypes> {
  const walk = new Walk(isWanted, new Map(), null);
  const main = { graph: model.graph, lifted: model, types: await valueTypes(model), label: '' };
  await walk.add(main, null, nothingAround(model), false);
  return walk.result(async (feeds, { random, open }) => {
    const seen = await observeGraph(model, main.types, feeds);
    const second = new Walk(isWanted, walk.calls, { random, open: open ?? ((graph) => walk.typesOf(graph)) });
    await second.add(main, seen, nothingAround(model), false);
    return second;
  });
}

/** A graph as a model of its own; null where it cannot be one. */
interface Site {
  readonly graph: Graph;
  readonly lifted: Model | null;
  readonly types: Types;
  /** How a sentence calls it. */
  readonly label: string;
}

/** Types, constants and values of the graphs around. */
interface Surroundings {
  /** The opsets that hold here. */
  readonly model: Model;
  readonly types: Types;
  /** Before any size was given. */
  readonly open: Types;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly values: Feeds;
  /** Whether a remark tells already that what reaches the graph is not what the run has. */
  readonly isRemarked: boolean;
}

const nothingAround = (model: Model): Surroundings => ({
  model,
  types: new Map(),
  open: new Map(),
  tensors: new Map(),
  values: {},
  isRemarked: false,
});

class Walk {
  readonly found = new Map<Graph, Types>();
  readonly calls: Map<Node, Graph>;
  readonly #taken = new Map<Node, string>();
  readonly #forced = new Set<Graph>();
  readonly #remarks: string[] = [];
  readonly #isWanted: (body: Graph) => boolean;
  readonly #observing: Aside | null;

  /** @param observing null: nothing is run */
  constructor(isWanted: (body: Graph) => boolean, calls: Map<Node, Graph>, observing: Aside | null) {
    this.#isWanted = isWanted;
    this.calls = calls;
    this.#observing = observing;
  }

  typesOf(graph: Graph): Types {
    return this.found.get(graph) ?? new Map();
  }

  result(observe: (feeds: Feeds, aside: Aside) => Promise<Walk>): GraphTypes {
    return {
      of: (graph) => this.typesOf(graph),
      bodyOfCall: (call) => this.calls.get(call),
      branchTaken: (node) => this.#taken.get(node),
      isForced: (graph) => this.#forced.has(graph),
      graphs: () => this.found.keys(),
      remarks: this.#remarks,
      observedOn: async (feeds, aside = {}) => (await observe(feeds, aside)).result(observe),
    };
  }

  /** @param seen null: the graph was not run */
  async add(site: Site, seen: Seen | null, around: Surroundings, isForced: boolean): Promise<void> {
    const { graph, label } = site;
    const types = seen?.types ?? site.types;
    this.found.set(graph, types);
    if (isForced) this.#forced.add(graph);
    const remark = this.#observing === null ? null : seen === null ? remarkOnUnseen(site) : seen.remark;
    if (remark !== null && !around.isRemarked) this.#remarks.push(`${label}: ${remark}.`);
    const inView: Surroundings = {
      model: site.lifted ?? around.model,
      types: new Map([...around.types, ...types]),
      open: new Map([...around.open, ...(this.#observing?.open?.(graph) ?? [])]),
      tensors: new Map([...around.tensors, ...graph.initializers]),
      values: { ...around.values, ...seen?.values },
      isRemarked: around.isRemarked || remark !== null,
    };
    const functionOf = calledFunction(around.model);
    for (const node of graph.nodes) {
      const fn = functionOf(node);
      if (fn !== undefined) await this.#addCall(node, fn, inView, isForced);
      await this.#addBodies(node, inView, isForced);
    }
  }

  async #addCall(call: Node, fn: ModelFunction, inView: Surroundings, isForced: boolean): Promise<void> {
    const site = await this.#callSite(call, fn, inView);
    const given = argumentValues(call, fn, inView.values);
    const seen = await this.#run(site, given, new Map(), isForced);
    const around = { ...nothingAround(site.lifted ?? inView.model), isRemarked: inView.isRemarked };
    await this.add(site, seen, around, isForced);
  }

  async #addBodies(node: Node, inView: Surroundings, isForced: boolean): Promise<void> {
    const bodies = attributes.subgraphsOf(node);
    if (bodies.length === 0) return;
    const opset = standardOpset(inView.model.opsets);
    const valueNamed = (name: string): NdArray | undefined => {
      const tensor = inView.tensors.get(name);
      return tensor === undefined ? inView.values[name] : readTensor(tensor);
    };
    const isObserved = this.#observing !== null;
    const taken = isObserved && node.opType === 'If' ? branchOf(valueNamed(node.inputs[0] ?? '')) : undefined;
    if (taken !== undefined) this.#taken.set(node, taken);
    for (const { attribute, graph: body } of bodies) {
      const isPassedBy = node.opType === 'If' ? attribute !== taken : hasNoRound(node, opset, valueNamed);
      const site = await this.#bodySite(node, attribute, body, inView);
      const own = isObserved ? firstRound(node, body, opset, valueNamed) : null;
      const given = own === null ? null : { ...inView.values, ...own };
      const isAside = isObserved && (isForced || isPassedBy);
      await this.add(site, await this.#run(site, given, inView.open, isAside), inView, isAside);
    }
  }

  /**
   * @param open types of what the graph captures, before any size was given
   * @param isForced whether it may refuse what reaches it
   * @returns null where it does not run by itself, and keeps what was inferred
   */
  async #run(
    { lifted, graph, types }: Site,
    given: Feeds | null,
    open: Types,
    isForced: boolean,
  ): Promise<Seen | null> {
    if (this.#observing === null || lifted === null) return null;
    const { random, open: openOf } = this.#observing;
    const missing = fedInputs(lifted.graph).filter(({ name }) => given?.[name] === undefined);
    if (missing.some(({ type }) => random === undefined || !isStatic(type ?? undefined))) return null;
    try {
      const feeds = missing.length === 0 ? (given ?? {}) : { ...random?.(lifted), ...given };
      const seen = isForced
        ? await observeForced(lifted, types, feeds, new Map([...open, ...(openOf?.(graph) ?? [])]))
        : await observeGraph(lifted, types, feeds);
      return missing.length === 0 || seen === null ? seen : { ...seen, remark: seen.remark ?? 'seen on random values' };
    } catch {
      return null;
    }
  }

  async #callSite(call: Node, fn: ModelFunction, { model, types, tensors }: Surroundings): Promise<Site> {
    const body = this.calls.get(call) ?? callBody(call, fn, tensors);
    this.calls.set(call, body);
    const label = `${fn.name} "${call.name}"`;
    const typed = body.inputs.map((input) => ({
      ...input,
      type: types.get(call.inputs[fn.inputs.indexOf(input.name)] ?? '') ?? null,
    }));
    if (!this.#isWanted(body) || typed.some(({ type }) => type === null))
      return { graph: body, lifted: null, types: stated(body), label };
    const opsets = new Map([...model.opsets, ...fn.opsets]);
    const lifted = { ...model, opsets, graph: { ...body, inputs: typed } };
    return { graph: body, lifted, types: await valueTypes(lifted).catch(() => stated(body)), label };
  }

  async #bodySite(node: Node, attribute: string, body: Graph, around: Surroundings): Promise<Site> {
    const { model, types, tensors } = around;
    const label = `${attribute} of ${node.opType} "${node.name}"`;
    const inputs = bodyInputs(node, attribute, body, around);
    const lifted = this.#isWanted(body) ? liftBody(model, node, body, inputs, types, tensors) : null;
    if (lifted === null) return { graph: body, lifted, types: stated(body), label };
    const inner = await valueTypes(lifted).catch(() => stated(body));
    const kept = node.opType === 'Loop' ? await this.#withKeptStates(node, lifted, inner, types) : inner;
    return { graph: body, lifted, types: kept, label };
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

/** Why values of a body that was not run have no shape; null where all have one. */
function remarkOnUnseen({ graph, types }: Site): string | null {
  const hasShape = (type: TypeInfo | undefined): boolean =>
    (type !== undefined && type.kind !== 'tensor') || isStatic(type);
  const open = graph.nodes.flatMap(({ outputs }) =>
    outputs.filter((name) => name !== '' && !hasShape(types.get(name))),
  );
  if (open.length === 0) return null;
  return `the shapes of ${open.length} values stay open, since it does not run by itself on what reaches it`;
}
