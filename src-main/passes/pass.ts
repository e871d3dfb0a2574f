/** What a Pass is, and the walk over main graph, bodies and functions that all of them share. */

import type { OptionSpecs, OptionValues, Work } from '../contract';
import {
  attributes,
  functionGraph,
  type Graph,
  type GraphIndex,
  indexGraph,
  type Model,
  type ModelFunction,
  makeNode,
  type Node,
  type Patch,
  standardOpset,
  type Tensor,
  type TypeInfo,
} from '../onnx/ir';
import { constantTensor } from './constant-tensor';

/** What a pass did, in the words of a Step's log. */
export interface PassResult {
  readonly model: Model;
  readonly eligible: number;
  readonly changed: number;
  readonly skipped: readonly { readonly node: string; readonly reason: string }[];
  readonly notes: readonly string[];
}

export interface PassContext<Options = Record<string, unknown>> extends Work {
  readonly options: Options;
  /** Which nodes the pass may take away or change. */
  readonly isTarget: (node: Node) => boolean;
}

/** Graph → graph with outputs equal within `tolerance`. Needs no data. */
export interface Pass<Specs extends OptionSpecs = OptionSpecs> {
  /** As in a recipe: `fold-batch-norm`. */
  readonly name: string;
  readonly title: string;
  readonly help: string;
  /** Paper, spec, or the identity it rests on. */
  readonly source: string;
  readonly options: Specs;
  /** Largest difference of an output, relative to the largest magnitude in it; 0: bit by bit. */
  readonly tolerance: number;
  run(model: Model, context: PassContext<OptionValues<Specs>>): PassResult | Promise<PassResult>;
}

/** Keeps the options' literal types. */
export function definePass<const Specs extends OptionSpecs>(pass: Pass<Specs>): Pass<Specs> {
  return pass;
}

/** Counts and reasons, gathered while a pass walks. */
export class Tally {
  eligible = 0;
  changed = 0;
  readonly skipped: { node: string; reason: string }[] = [];

  skip(node: Node, reason: string): void {
    this.skipped.push({ node: node.name, reason });
  }

  result(model: Model, notes: readonly string[]): PassResult {
    return { model, eligible: this.eligible, changed: this.changed, skipped: this.skipped, notes };
  }
}

/** One graph under the eyes of a pass, with the graphs around it. */
export interface Scope {
  readonly kind: 'main' | 'body' | 'function';
  /** Where the graph lies in the model: the same before and after an edit of it. */
  readonly path: string;
  readonly graph: Graph;
  readonly index: GraphIndex;
  readonly outer: Scope | null;
  /** Of the operators of ai.onnx here: a function has its own. */
  readonly opset: number;
  readonly irVersion: number;
}

/**
 * Rebuilds a model with every graph edited: the main graph, then the bodies in it, then functions.
 * @param edit gives the new graph, or the same where nothing is to be done
 */
export function editGraphs(model: Model, edit: (scope: Scope) => Graph): Model {
  const opset = standardOpset(model.opsets);
  const graph = editGraph(model.graph, edit, {
    kind: 'main',
    path: '',
    outer: null,
    opset,
    irVersion: model.irVersion,
  });
  const functions = model.functions.map((fn) => editFunction(fn, edit, model.irVersion));
  const isSame = graph === model.graph && functions.every((fn, at) => fn === model.functions[at]);
  return isSame ? model : { ...model, graph, functions };
}

type Surroundings = Omit<Scope, 'graph' | 'index'>;

function editGraph(graph: Graph, edit: (scope: Scope) => Graph, surroundings: Surroundings): Graph {
  const edited = edit({ ...surroundings, graph, index: indexGraph(graph) });
  const outer: Scope = { ...surroundings, graph: edited, index: indexGraph(edited) };
  const editBody = (body: Graph, place: string): Graph =>
    editGraph(body, edit, { ...surroundings, kind: 'body', path: `${surroundings.path}/${place}`, outer });
  let changed = false;
  const nodes = edited.nodes.map((node) => {
    const next = editBodies(node, editBody);
    changed ||= next !== node;
    return next;
  });
  return changed ? { ...edited, nodes } : edited;
}

/** The node with each body replaced; the same node where none changed. */
function editBodies(node: Node, editBody: (body: Graph, place: string) => Graph): Node {
  if (attributes.subgraphsOf(node).length === 0) return node;
  let changed = false;
  const edited = (body: Graph, attribute: string, at = 0): Graph => {
    const next = editBody(body, `${node.name}.${attribute}[${at}]`);
    changed ||= next !== body;
    return next;
  };
  const next = new Map(node.attributes);
  for (const [name, attribute] of next) {
    if (attribute.type === 'graph') next.set(name, { type: 'graph', value: edited(attribute.value, name) });
    if (attribute.type === 'graphs')
      next.set(name, { type: 'graphs', value: attribute.value.map((body, at) => edited(body, name, at)) });
  }
  return changed ? { ...node, attributes: next } : node;
}

function editFunction(fn: ModelFunction, edit: (scope: Scope) => Graph, irVersion: number): ModelFunction {
  const graph = functionGraph(fn);
  const path = `function ${fn.domain}.${fn.name}:${fn.overload}`;
  const surroundings: Surroundings = {
    kind: 'function',
    path,
    outer: null,
    opset: standardOpset(fn.opsets),
    irVersion,
  };
  const edited = editGraph(graph, edit, surroundings);
  return edited === graph ? fn : { ...fn, nodes: edited.nodes, values: edited.values };
}

/**
 * The tensor of a value that never changes: an initializer that no caller can override, the value of a Constant, or an
 * Identity of either; also of a graph around this one. undefined for everything else.
 */
export function constantOf(scope: Scope, value: string): Tensor | undefined {
  for (let at: Scope | null = scope; at !== null; at = at.outer) {
    const tensor = at.graph.initializers.get(value);
    if (tensor !== undefined) return isOverridable(at, value) ? undefined : tensor;
    const producer = at.index.producer(value);
    if (producer?.opType === 'Identity' && isStandard(producer)) return constantOf(at, producer.inputs[0] ?? '');
    if (producer !== undefined) return isConstantNode(producer) ? constantTensor(producer, value) : undefined;
    if (at.index.isInput(value)) return undefined;
  }
  return undefined;
}

export function isConstantNode(node: Node): boolean {
  return node.opType === 'Constant' && isStandard(node);
}

/** An operator of ai.onnx. */
export function isStandard({ domain }: Node): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** Whether the caller may feed another tensor in its place: a graph input since IR version 4, before which all had to be. */
export function isOverridable({ index, irVersion }: Scope, value: string): boolean {
  return irVersion >= 4 && index.isInput(value);
}

/** A function has no initializers; those of a body had to be its inputs before IR version 4, and no node feeds them. */
export function holdsInitializers({ kind, irVersion }: Scope): boolean {
  return kind === 'main' || (kind === 'body' && irVersion >= 4);
}

/** Makes a tensor readable in the graph: as an initializer, or as a Constant node where the graph cannot have any. */
export function addConstant(patch: Patch, scope: Scope, tensor: Tensor): string {
  const name = patch.freshName(tensor.name);
  setConstant(patch, scope, { ...tensor, name });
  return name;
}

/** Makes a tensor readable under its own name. */
export function setConstant(patch: Patch, scope: Scope, tensor: Tensor): void {
  const { name } = tensor;
  if (holdsInitializers(scope)) patch.setInitializer(tensor);
  else patch.addNode(makeNode('Constant', name, [], [name], { value: attributes.tensor(tensor) }));
}

/** Puts a tensor in the place of the node that makes it. */
export function becomeConstant(patch: Patch, scope: Scope, node: Node, tensor: Tensor): void {
  if (holdsInitializers(scope)) patch.removeNode(node.name).setInitializer(tensor);
  else
    patch.replaceNode(
      node.name,
      makeNode('Constant', node.name, [], [tensor.name], { value: attributes.tensor(tensor) }),
    );
}

/** The type that the file states for a value; passes that need more ask the runtime. */
export function statedType({ graph }: Scope, value: string): TypeInfo | null {
  const found = [...graph.inputs, ...graph.outputs].find(({ name }) => name === value) ?? graph.values.get(value);
  return found?.type ?? null;
}

/**
 * Whether the runtime would refuse a constant of this shape as the value: Range takes vectors of one element where they
 * are computed, but only scalars where they are known beforehand.
 */
export function mustStayComputed({ index }: Scope, value: string, shape: readonly number[]): boolean {
  return shape.length > 0 && index.consumers(value).some((node) => node.opType === 'Range' && isStandard(node));
}
