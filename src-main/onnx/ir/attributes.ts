/** Reading and making attributes without switch statements at every place. */

import { LatheError } from '../../contract';
import type { Attribute, Graph, Node, Tensor } from './model';

/** An attribute whose value each call of the function gives that the node is in. */
export class ParameterError extends LatheError {
  constructor(node: Node, attribute: string) {
    super({
      who: `${node.opType} "${node.name}"`,
      what: `attribute "${attribute}" is a parameter of its function`,
      next: 'inline the functions first',
    });
  }
}

type TypeOf<K extends Attribute['type']> = Extract<Attribute, { type: K }>;

function find<K extends Attribute['type']>(node: Node, name: string, type: K): TypeOf<K> | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.type === 'reference') throw new ParameterError(node, name);
  if (attribute.type !== type) {
    throw new LatheError({
      who: `${node.opType} "${node.name}"`,
      what: `attribute "${name}" should be ${type}, is ${attribute.type}`,
    });
  }
  return attribute as TypeOf<K>;
}

export function intOf<F>(node: Node, name: string, fallback: F): number | F {
  const found = find(node, name, 'int');
  return found === undefined ? fallback : Number(found.value);
}

export function intsOf<F>(node: Node, name: string, fallback: F): number[] | F {
  const found = find(node, name, 'ints');
  return found === undefined ? fallback : found.value.map(Number);
}

export function floatOf<F>(node: Node, name: string, fallback: F): number | F {
  return find(node, name, 'float')?.value ?? fallback;
}

export function floatsOf<F>(node: Node, name: string, fallback: F): readonly number[] | F {
  return find(node, name, 'floats')?.value ?? fallback;
}

export function stringOf<F>(node: Node, name: string, fallback: F): string | F {
  const found = find(node, name, 'string');
  return found === undefined ? fallback : new TextDecoder().decode(found.value);
}

export function stringsOf<F>(node: Node, name: string, fallback: F): string[] | F {
  return find(node, name, 'strings')?.value.map((each) => new TextDecoder().decode(each)) ?? fallback;
}

export function tensorOf(node: Node, name: string): Tensor | undefined {
  return find(node, name, 'tensor')?.value;
}

/** Every graph that an attribute of the node holds, with the attribute's name: bodies of If, Loop, Scan. */
export function subgraphsOf(node: Node): { attribute: string; index: number; graph: Graph }[] {
  const found: { attribute: string; index: number; graph: Graph }[] = [];
  for (const [attribute, value] of node.attributes) {
    if (value.type === 'graph') found.push({ attribute, index: 0, graph: value.value });
    if (value.type === 'graphs') found.push(...value.value.map((graph, index) => ({ attribute, index, graph })));
  }
  return found;
}

export const int = (value: number | bigint): Attribute => ({ type: 'int', value: BigInt(value) });
export const ints = (values: readonly (number | bigint)[]): Attribute => ({ type: 'ints', value: values.map(BigInt) });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const floats = (value: readonly number[]): Attribute => ({ type: 'floats', value });
export const string = (value: string): Attribute => ({ type: 'string', value: new TextEncoder().encode(value) });
export const tensor = (value: Tensor): Attribute => ({ type: 'tensor', value });
export const graph = (value: Graph): Attribute => ({ type: 'graph', value });
