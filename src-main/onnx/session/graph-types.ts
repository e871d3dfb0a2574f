/**
 * Types of values in every graph of a model. The runtime tells those of the main graph; a body of If, Loop or Scan is
 * lifted into a model of its own, whose inputs are the values that it captures.
 */

import {
  attributes,
  capturedBy,
  type Dim,
  type Graph,
  type Model,
  type Node,
  type Tensor,
  type TypeInfo,
  type Value,
} from '../ir';
import { valueTypes } from './value-types';

export type Types = ReadonlyMap<string, TypeInfo>;

/**
 * @param isWanted which bodies are worth a session; of the others only what the file states is given
 * @returns for the main graph and each body the types of its own values; a body whose inputs have no known types, or
 * which the runtime does not load alone, has those that the file states
 * @throws LatheError where onnxruntime does not load the model at all
 */
export async function graphTypes(
  model: Model,
  isWanted: (body: Graph) => boolean = () => true,
): Promise<ReadonlyMap<Graph, Types>> {
  const walk = new Walk(model, isWanted);
  await walk.add(model.graph, await valueTypes(model), new Map(), new Map());
  return walk.found;
}

class Walk {
  readonly found = new Map<Graph, Types>();
  readonly #model: Model;
  readonly #isWanted: (body: Graph) => boolean;

  constructor(model: Model, isWanted: (body: Graph) => boolean) {
    this.#model = model;
    this.#isWanted = isWanted;
  }

  /**
   * @param outer types of the graphs around
   * @param tensors constants of the graphs around
   */
  async add(graph: Graph, types: Types, outer: Types, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
    this.found.set(graph, types);
    const [typesInView, tensorsInView] = [new Map([...outer, ...types]), new Map([...tensors, ...graph.initializers])];
    for (const node of graph.nodes) {
      for (const { attribute, graph: body } of attributes.subgraphsOf(node)) {
        const inputs = bodyInputs(node, attribute, body, typesInView);
        const inner = await this.#typesOf(node, body, inputs, typesInView, tensorsInView);
        await this.add(body, inner, typesInView, tensorsInView);
      }
    }
  }

  async #typesOf(
    node: Node,
    body: Graph,
    inputs: readonly Value[],
    types: Types,
    tensors: ReadonlyMap<string, Tensor>,
  ): Promise<Types> {
    const lifted = this.#isWanted(body) ? liftBody(this.#model, node, body, inputs, types, tensors) : null;
    return lifted === null ? stated(body) : valueTypes(lifted).catch(() => stated(body));
  }
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
