/**
 * Which kernel of an optimised graph does the work of which original node. onnxruntime keeps the names of values that
 * survive a fusion, which anchors most kernels; what it renames follows a few habits, read from the graphs of 1.30.
 */

import { attributes, type Graph, indexGraph, type Node } from '../onnx/ir';

export interface NodeMap {
  /** The optimised node that does the work; null: folded into a constant, or removed. */
  kernelOf(original: string): Node | null;
  /** Names of original nodes, in graph order; empty for what the runtime added, such as a change of layout. */
  originalsOf(kernel: string): readonly string[];
}

/** Maps the nodes of two graphs of one model, bodies included where their owner survives. */
export function mapNodes(original: Graph, optimised: Graph): NodeMap {
  const kernels = new Map<string, Node | null>();
  const originals = new Map<string, string[]>();
  addGraph(original, optimised, kernels);
  for (const [name, kernel] of kernels) {
    if (kernel === null) continue;
    originals.set(kernel.name, [...(originals.get(kernel.name) ?? []), name]);
  }
  return {
    kernelOf: (name) => kernels.get(name) ?? null,
    originalsOf: (name) => originals.get(name) ?? [],
  };
}

function addGraph(original: Graph, optimised: Graph, kernels: Map<string, Node | null>): void {
  const mapping = new GraphMapping(original, optimised);
  for (const node of original.nodes) {
    const kernel = mapping.kernelOf(node);
    kernels.set(node.name, kernel);
    if (kernel?.opType !== node.opType) continue;
    const bodies = attributes.subgraphsOf(kernel);
    for (const { attribute, index, graph } of attributes.subgraphsOf(node)) {
      const after = bodies.find((body) => body.attribute === attribute && body.index === index);
      if (after !== undefined) addGraph(graph, after.graph, kernels);
    }
  }
}

class GraphMapping {
  readonly #original;
  readonly #optimised;
  /** Value of the original graph → the kernel that makes it, by the value's or the node's name. */
  readonly #byValue = new Map<string, Node>();
  readonly #byName = new Map<string, Node>();
  readonly #found = new Map<string, Node | null>();

  constructor(original: Graph, optimised: Graph) {
    this.#original = indexGraph(original);
    this.#optimised = indexGraph(optimised);
    for (const node of optimised.nodes) {
      this.#byName.set(originalName(node.name), node);
      // Convolutions in blocked layout are named after the value that they make.
      if (node.name.endsWith('_nchwc')) this.#byValue.set(node.name.slice(0, -'_nchwc'.length), node);
    }
    for (const node of optimised.nodes) {
      if (layoutChanges.has(node.opType)) continue;
      for (const output of node.outputs) this.#byValue.set(output, node);
    }
    for (const node of optimised.nodes) this.#claimSum(node);
    this.#claimUnnamed(optimised);
  }

  /** A blocked convolution that adds a sum is named after the value before the Add; Add and activation are its work too. */
  #claimSum(kernel: Node): void {
    if (kernel.domain !== 'com.microsoft.nchwc' || (kernel.inputs[3] ?? '') === '') return;
    const before = kernel.name.slice(0, -'_nchwc'.length);
    const add = this.#original.consumers(before).find(({ opType }) => opType === 'Add');
    const sum = add?.outputs[0];
    if (sum === undefined) return;
    this.#byValue.set(sum, kernel);
    const activation = attributes.stringOf(kernel, 'activation', '');
    const active = this.#original.consumers(sum).find(({ opType }) => opType === activation);
    for (const output of active?.outputs ?? []) this.#byValue.set(output, kernel);
  }

  /** By what it makes, by its name, or by what its readers became. */
  kernelOf(node: Node): Node | null {
    const known = this.#found.get(node.name);
    if (known !== undefined) return known;
    this.#found.set(node.name, null); // guards rings of a broken graph
    const kernel = this.#anchorOf(node) ?? this.#kernelOfReaders(node);
    this.#found.set(node.name, kernel);
    return kernel;
  }

  #anchorOf(node: Node): Node | undefined {
    for (const output of node.outputs) {
      const kernel = this.#byValue.get(output);
      if (kernel !== undefined) return kernel;
    }
    const named = this.#byName.get(node.name);
    return named !== undefined && !layoutChanges.has(named.opType) ? named : undefined;
  }

  #kernelOfReaders(node: Node): Node | null {
    for (const output of node.outputs) {
      if (this.#optimised.graph.initializers.has(output)) return null;
      for (const reader of this.#original.consumers(output)) {
        const kernel = this.kernelOf(reader);
        if (kernel !== null) return kernel;
      }
    }
    return null;
  }

  /**
   * A fused kernel between two blocked convolutions bears no name of the original: it stands for the nodes after the
   * value that it reads which would else count for the kernel behind it.
   */
  #claimUnnamed(optimised: Graph): void {
    const anchored = new Set(this.#original.graph.nodes.flatMap((node) => this.#anchorOf(node)?.name ?? []));
    for (const kernel of optimised.nodes) {
      if (anchored.has(kernel.name) || layoutChanges.has(kernel.opType)) continue;
      for (const input of kernel.inputs) {
        const before = this.#optimised.producer(input);
        const made = before === undefined ? [] : this.#valuesMadeBy(before);
        for (const value of made) this.#claimAfter(value, kernel);
      }
    }
  }

  #valuesMadeBy(kernel: Node): string[] {
    return [...this.#byValue].filter(([, maker]) => maker === kernel).map(([value]) => value);
  }

  #claimAfter(value: string, kernel: Node): void {
    const open = [...this.#original.consumers(value)];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (this.#found.has(node.name) || this.#anchorOf(node) !== undefined) continue;
      this.#found.set(node.name, kernel);
      for (const output of node.outputs) open.push(...this.#original.consumers(output));
    }
  }
}

/** Nodes that only carry data into another layout; they are nobody's work. */
const layoutChanges = new Set(['ReorderInput', 'ReorderOutput']);

/** `fused /f1/Gemm`, `/c1/Conv_token_5` and `/b/MatMul/MatMulScaleFusion/` without what onnxruntime added. */
function originalName(name: string): string {
  return name
    .replace(/^fused /, '')
    .replace(/_token_\d+$/, '')
    .replace(/\/\w+Fusion\/?$/, '');
}
