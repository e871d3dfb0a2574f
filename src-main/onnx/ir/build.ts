/** Short forms for making nodes, values, graphs and models in code. */

import type { DType } from './dtype';
import type { Attribute, Dim, Graph, Model, Node, Value } from './model';

/** A node; attributes as made by `attributes.ts`. */
export function makeNode(
  opType: string,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = '',
): Node {
  return { name, opType, domain, inputs, outputs, attributes: new Map(Object.entries(attributes)) };
}

/** A value of tensor type. */
export function makeValue(name: string, dtype: DType, shape: readonly Dim[] | null): Value {
  return { name, type: { kind: 'tensor', dtype, shape } };
}

/** What a graph made in code says of itself; it holds nothing else where nothing else is given. */
export type GraphParts = Pick<Graph, 'name' | 'nodes' | 'inputs' | 'outputs'> &
  Partial<Pick<Graph, 'initializers' | 'values'>>;

export function makeGraph({ initializers = new Map(), values = new Map(), ...parts }: GraphParts): Graph {
  return { ...parts, initializers, sparseInitializers: [], values };
}

/** A model of a graph alone, of nobody: without functions, metadata and a folder. */
export function makeModel(graph: Graph, opsets: Model['opsets'], irVersion: number): Model {
  return {
    irVersion,
    opsets,
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    metadata: new Map(),
    graph,
    functions: [],
    folder: null,
  };
}
