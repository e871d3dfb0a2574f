/** A planned edit of one Graph that is applied whole or not at all, and can be printed. */

import { LatheError } from '../../contract';
import { capturedBy } from './graph-index';
import type { Graph, Node, Tensor, Value } from './model';

export class Patch {
  readonly #graph: Graph;
  readonly #lines: string[] = [];
  readonly #removed = new Set<string>();
  readonly #replaced = new Map<string, Node>();
  readonly #added: Node[] = [];
  readonly #initializers = new Map<string, Tensor | null>();
  readonly #renamed = new Map<string, string>();
  readonly #values = new Map<string, Value | null>();
  readonly #taken: Set<string>;
  #inputs: readonly Value[] | undefined;
  #outputs: readonly Value[] | undefined;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#taken = namesIn(graph);
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** A node or value name that is used neither in the graph nor read by bodies in it; `wanted` itself where it is free. */
  freshName(wanted: string): string {
    let name = wanted;
    for (let n = 1; this.#taken.has(name); n++) name = `${wanted}_${n}`;
    this.#taken.add(name);
    return name;
  }

  /** Adds a node; its place follows from its edges. */
  addNode(node: Node): this {
    this.#added.push(node);
    return this.#note(`+ ${nodeText(node)}`);
  }

  removeNode(name: string): this {
    this.#removed.add(name);
    return this.#note(`- node ${name}`);
  }

  /** Puts `node` in the place of the node called `name`. */
  replaceNode(name: string, node: Node): this {
    this.#replaced.set(name, node);
    return this.#note(`~ ${name} → ${nodeText(node)}`);
  }

  /** Adds or replaces an initializer under its own name. */
  setInitializer(tensor: Tensor): this {
    this.#initializers.set(tensor.name, tensor);
    return this.#note(`= ${tensor.name}: ${tensor.dtype}[${tensor.shape.join(', ')}]`);
  }

  removeInitializer(name: string): this {
    this.#initializers.set(name, null);
    return this.#note(`- initializer ${name}`);
  }

  /** Every node of the old graph that reads `from` (its bodies included) reads `to` instead. Nodes added by this patch are left alone. Graph outputs keep their names. */
  redirect(from: string, to: string): this {
    this.#renamed.set(from, to);
    return this.#note(`${from} ⇒ ${to}`);
  }

  /** States or (null) forgets the type of a value between nodes. */
  setValue(name: string, value: Value | null): this {
    this.#values.set(name, value);
    return this.#note(value === null ? `- type of ${name}` : `: ${name}`);
  }

  setInputs(inputs: readonly Value[]): this {
    this.#inputs = inputs;
    return this.#note(`inputs ${inputs.map((value) => value.name).join(', ')}`);
  }

  setOutputs(outputs: readonly Value[]): this {
    this.#outputs = outputs;
    return this.#note(`outputs ${outputs.map((value) => value.name).join(', ')}`);
  }

  /** One line an edit, in the order they were planned. */
  toString(): string {
    return this.#lines.join('\n');
  }

  /**
   * The new Graph, in topological order.
   * @throws LatheError where an edge would have two makers or none, or where nodes form a ring
   */
  apply(): Graph {
    const graph = this.#graph;
    const kept = graph.nodes.filter((node) => !this.#removed.has(node.name));
    const nodes = kept.map((node) => this.#replaced.get(node.name) ?? this.#redirected(node));
    nodes.push(...this.#added);
    const initializers = new Map(graph.initializers);
    for (const [name, tensor] of this.#initializers) {
      if (tensor === null) initializers.delete(name);
      else initializers.set(name, tensor);
    }
    const values = new Map(graph.values);
    for (const [name, value] of this.#values) {
      if (value === null) values.delete(name);
      else values.set(name, value);
    }
    const inputs = this.#inputs ?? graph.inputs;
    const outputs = this.#outputs ?? graph.outputs;
    const sorted = sortTopologically(graph.name, nodes);
    checkEdges(graph, { nodes: sorted, initializers, inputs, outputs });
    return { ...graph, nodes: sorted, initializers, values, inputs, outputs };
  }

  #note(line: string): this {
    this.#lines.push(line);
    return this;
  }

  #redirected(node: Node): Node {
    return this.#renamed.size === 0 ? node : renameReads(node, this.#renamed);
  }
}

/** What bodies read of the graphs around included: a new value of this graph must not hide it from them. */
function namesIn(graph: Graph): Set<string> {
  return new Set([
    ...graph.nodes.flatMap((node) => [node.name, ...node.inputs, ...node.outputs, ...capturedBy(node)]),
    ...graph.initializers.keys(),
    ...graph.sparseInitializers.map(({ values }) => values.name),
    ...[...graph.inputs, ...graph.outputs].map(({ name }) => name),
  ]);
}

/** The node with the values it reads renamed, in its bodies too where they capture them. */
export function renameReads(node: Node, names: ReadonlyMap<string, string>): Node {
  const touchesInput = node.inputs.some((name) => names.has(name));
  const captured = [...capturedBy(node)].filter((name) => names.has(name));
  if (!touchesInput && captured.length === 0) return node;
  const attributes = captured.length === 0 ? node.attributes : renameInBodies(node, names);
  return { ...node, inputs: node.inputs.map((name) => names.get(name) ?? name), attributes };
}

function renameInBodies(node: Node, names: ReadonlyMap<string, string>): Node['attributes'] {
  const attributes = new Map(node.attributes);
  for (const [key, attribute] of attributes) {
    if (attribute.type === 'graph') attributes.set(key, { type: 'graph', value: renameInBody(attribute.value, names) });
    if (attribute.type === 'graphs')
      attributes.set(key, { type: 'graphs', value: attribute.value.map((body) => renameInBody(body, names)) });
  }
  return attributes;
}

function renameInBody(body: Graph, names: ReadonlyMap<string, string>): Graph {
  const own = new Set([
    ...body.inputs.map((value) => value.name),
    ...body.initializers.keys(),
    ...body.sparseInitializers.map(({ values }) => values.name),
    ...body.nodes.flatMap((inner) => inner.outputs),
  ]);
  const visible = new Map([...names].filter(([from]) => !own.has(from)));
  if (visible.size === 0) return body;
  const graph = withoutOwn(new Set([...visible.values()].filter((name) => own.has(name))), body);
  return {
    ...graph,
    nodes: graph.nodes.map((inner) => renameReads(inner, visible)),
    outputs: graph.outputs.map((value) => ({ ...value, name: visible.get(value.name) ?? value.name })),
  };
}

/** The body with other names for own values of these names, which would hide those of the graphs around. */
function withoutOwn(hiding: ReadonlySet<string>, body: Graph): Graph {
  if (hiding.size === 0) return body;
  const taken = namesIn(body);
  const fresh = new Map<string, string>();
  for (const name of hiding) {
    let other = `${name}_own`;
    for (let n = 1; taken.has(other); n++) other = `${name}_own${n}`;
    taken.add(other);
    fresh.set(name, other);
  }
  const renamed = (name: string): string => fresh.get(name) ?? name;
  const renamedValue = (value: Value): Value => ({ ...value, name: renamed(value.name) });
  const renamedTensor = (tensor: Tensor): Tensor => ({ ...tensor, name: renamed(tensor.name) });
  return {
    ...body,
    inputs: body.inputs.map(renamedValue),
    outputs: body.outputs.map(renamedValue),
    initializers: new Map([...body.initializers].map(([name, tensor]) => [renamed(name), renamedTensor(tensor)])),
    sparseInitializers: body.sparseInitializers.map((it) => ({ ...it, values: renamedTensor(it.values) })),
    values: new Map([...body.values].map(([name, value]) => [renamed(name), renamedValue(value)])),
    nodes: body.nodes.map((node) => ({ ...renameReads(node, fresh), outputs: node.outputs.map(renamed) })),
  };
}

/** The file that a graph is read from, and what to try where it is broken. */
interface Origin {
  readonly where: string;
  readonly next: string;
}

/**
 * Nodes so that each stands after the makers of what it reads; among free ones the given order is kept.
 * @throws LatheError that names the nodes of a ring
 */
export function sortTopologically(graphName: string, nodes: readonly Node[], origin?: Origin): Node[] {
  const maker = new Map<string, number>();
  nodes.forEach((node, at) => {
    for (const output of node.outputs) if (output !== '') maker.set(output, at);
  });
  const sorted: Node[] = [];
  const state = new Uint8Array(nodes.length); // 0 new, 1 open, 2 done
  const needs = (at: number): number[] => {
    const node = nodes[at] as Node;
    return [...node.inputs, ...capturedBy(node)]
      .map((name) => maker.get(name))
      .filter((n): n is number => n !== undefined);
  };
  for (let start = 0; start < nodes.length; start++) {
    if (state[start] === 2) continue;
    const stack: { at: number; open: number[] }[] = [{ at: start, open: needs(start) }];
    state[start] = 1;
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { at: number; open: number[] };
      const next = top.open.shift();
      if (next === undefined) {
        state[top.at] = 2;
        sorted.push(nodes[top.at] as Node);
        stack.pop();
      } else if (state[next] === 1) {
        const ring = stack
          .slice(stack.findIndex((entry) => entry.at === next))
          .map((entry) => (nodes[entry.at] as Node).name);
        throw new LatheError({
          who: `graph "${graphName}"`,
          what: `nodes form a ring: ${ring.slice(0, 8).join(' → ')}`,
          ...origin,
        });
      } else if (state[next] === 0) {
        state[next] = 1;
        stack.push({ at: next, open: needs(next) });
      }
    }
  }
  return sorted;
}

function checkEdges(before: Graph, after: Pick<Graph, 'nodes' | 'initializers' | 'inputs' | 'outputs'>): void {
  const made = new Set<string>([...after.inputs.map((value) => value.name), ...after.initializers.keys()]);
  for (const { values } of before.sparseInitializers) made.add(values.name);
  const names = new Set<string>();
  for (const node of after.nodes) {
    if (names.has(node.name)) throw broken(before, `two nodes are called "${node.name}"`);
    names.add(node.name);
    for (const output of node.outputs) {
      if (output === '') continue;
      if (made.has(output))
        throw broken(before, `value "${output}" would be made twice, the second time by ${node.opType} "${node.name}"`);
      made.add(output);
    }
  }
  const known = new Set([
    ...before.nodes.flatMap((node) => node.outputs),
    ...before.initializers.keys(),
    ...before.inputs.map((value) => value.name),
  ]);
  for (const node of after.nodes) {
    for (const input of [...node.inputs, ...capturedBy(node)]) {
      // A value that the old graph did not make either comes from a graph around it.
      if (input !== '' && !made.has(input) && known.has(input))
        throw broken(before, `${node.opType} "${node.name}" would read "${input}", which nothing makes any more`);
    }
  }
  for (const output of after.outputs) {
    if (!made.has(output.name) && known.has(output.name))
      throw broken(before, `output "${output.name}" would not be made any more`);
  }
}

function broken(graph: Graph, what: string): LatheError {
  return new LatheError({ who: `patch of graph "${graph.name}"`, what, code: 'failed' });
}

function nodeText(node: Node): string {
  return `${node.outputs.join(', ')} = ${node.opType}(${node.inputs.join(', ')}) "${node.name}"`;
}
