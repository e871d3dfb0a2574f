/**
 * Bodies and functions as graphs that can stand alone: a body's inputs are then its own and the values that it
 * captures, a function's those of one call.
 */

import {
  attributes,
  capturedBy,
  functionNodes,
  type Graph,
  type Model,
  type ModelFunction,
  makeGraph,
  type Node,
  renameReads,
  standardOpset,
  type Tensor,
  type TypeInfo,
  type Value,
} from '../ir';
import { bodyInputType } from './body-feeds';

type Types = ReadonlyMap<string, TypeInfo>;

/** The function as a graph, with the weights that the call gives it; its other inputs are typed where it is lifted. */
export function callBody(call: Node, fn: ModelFunction, tensors: ReadonlyMap<string, Tensor>): Graph {
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
  return makeGraph({
    name: fn.name,
    nodes: functionNodes(fn, call).map((node) => renameReads(node, absent)),
    inputs,
    outputs: fn.outputs.filter((_, at) => (call.outputs[at] ?? '') !== '').map((name) => ({ name, type: null })),
    initializers,
    values: fn.values,
  });
}

/** Types that the file states. */
export function stated({ inputs, outputs, values }: Graph): Types {
  const types = new Map<string, TypeInfo>();
  for (const { name, type } of [...values.values(), ...outputs, ...inputs]) if (type !== null) types.set(name, type);
  return types;
}

/** null where something that the body reads has no known type. */
export function liftBody(
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
export function bodyInputs(
  node: Node,
  attribute: string,
  body: Graph,
  { model, types }: { readonly model: Model; readonly types: Types },
): Value[] {
  return body.inputs.map((input, at) => {
    const given = attribute === 'body' ? bodyInputType(node, at, standardOpset(model.opsets), types) : undefined;
    return { ...input, type: moreExact(input.type, given ?? null) };
  });
}

function moreExact(stated: TypeInfo | null, given: TypeInfo | null): TypeInfo | null {
  if (stated === null) return given;
  const isVague = stated.kind === 'tensor' && stated.shape === null && given?.kind === 'tensor';
  return isVague ? given : stated;
}
