/** Writes the nodes of a graph under construction. All forms are those of opset 18. */

import {
  type Attribute,
  attributes,
  dtypeCode,
  floatTensor,
  type Graph,
  int64Tensor,
  makeNode,
  type Node,
  type Tensor,
} from '../onnx/ir';

const { float, int, ints } = attributes;
type Attributes = Readonly<Record<string, Attribute>>;

/** Every name that a graph and the bodies in it use for nodes and values: what an Emitter must stay clear of. */
export function namesOf(graph: Graph): string[] {
  return [
    ...graph.nodes.flatMap((node) => [node.name, ...node.inputs, ...node.outputs]),
    ...graph.nodes.flatMap((node) => attributes.subgraphsOf(node).flatMap(({ graph: body }) => namesOf(body))),
    ...graph.initializers.keys(),
    ...graph.inputs.map((value) => value.name),
    ...graph.outputs.map((value) => value.name),
  ];
}

export class Emitter {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  #taken: Set<string>;
  readonly #constants = new Map<string, string>();
  #count = 0;

  /** @param taken names that the surrounding graph already uses */
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** One for the body of a node in the same graph: no name is given by both. */
  nested(): Emitter {
    const inner = new Emitter([]);
    inner.#taken = this.#taken;
    return inner;
  }

  /** All names that are in use by now. */
  get names(): Iterable<string> {
    return this.#taken;
  }

  /** A name that nothing uses yet, `wanted` itself where it is free. */
  fresh(wanted: string): string {
    let name = wanted;
    while (this.#taken.has(name)) name = `${wanted}_${this.#count++}`;
    this.#taken.add(name);
    return name;
  }

  /** A node with one output, whose name is returned. */
  op(opType: string, inputs: readonly string[], attrs: Attributes = {}, domain = ''): string {
    return this.ops(opType, inputs, 1, attrs, domain)[0] as string;
  }

  /** A node with `count` outputs, whose names are returned. */
  ops(opType: string, inputs: readonly string[], count: number, attrs: Attributes = {}, domain = ''): string[] {
    const name = this.fresh(`${opType}.g${this.nodes.length}`);
    const outputs = Array.from({ length: count }, (_, at) => this.fresh(`${name}:${at}`));
    this.nodes.push(makeNode(opType, name, inputs, outputs, attrs, domain));
    return outputs;
  }

  /** A float32 constant; equal ones are made once. */
  constant(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#once(`f:${shape}:${values}`, (name) => floatTensor(name, shape, values));
  }

  scalar(value: number): string {
    return this.constant([value], []);
  }

  /** An int64 constant, of rank 1 unless a shape is given. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#once(`i:${shape}:${values}`, (name) => int64Tensor(name, shape, values));
  }

  add = (a: string, b: string): string => this.op('Add', [a, b]);
  sub = (a: string, b: string): string => this.op('Sub', [a, b]);
  mul = (a: string, b: string): string => this.op('Mul', [a, b]);
  div = (a: string, b: string): string => this.op('Div', [a, b]);
  neg = (a: string): string => this.op('Neg', [a]);
  scale = (a: string, by: number): string => (by === 1 ? a : this.mul(a, this.scalar(by)));
  matmul = (a: string, b: string): string => this.op('MatMul', [a, b]);

  /** Sum over axes; no axes = over all. */
  sum(x: string, axes: readonly number[] | null, keepdims = true): string {
    return this.op('ReduceSum', axes === null ? [x] : [x, this.integers(axes)], { keepdims: int(keepdims ? 1 : 0) });
  }

  mean(x: string, axes: readonly number[] | null, keepdims = true): string {
    return this.op('ReduceMean', axes === null ? [x] : [x, this.integers(axes)], { keepdims: int(keepdims ? 1 : 0) });
  }

  transpose(x: string, perm: readonly number[]): string {
    return perm.every((axis, at) => axis === at) ? x : this.op('Transpose', [x], { perm: ints(perm) });
  }

  /** To a shape known now, where one -1 is inferred and 0 copies the input's. */
  reshape(x: string, shape: readonly number[]): string {
    return this.op('Reshape', [x, this.integers(shape)]);
  }

  reshapeLike(x: string, like: string): string {
    return this.op('Reshape', [x, this.shapeOf(like)]);
  }

  expandLike(x: string, like: string): string {
    return this.op('Expand', [x, this.shapeOf(like)]);
  }

  unsqueeze(x: string, axes: readonly number[]): string {
    return this.op('Unsqueeze', [x, this.integers(axes)]);
  }

  squeeze(x: string, axes: readonly number[]): string {
    return this.op('Squeeze', [x, this.integers(axes)]);
  }

  slice(
    x: string,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps?: readonly number[],
  ): string {
    const inputs = [x, this.integers(starts), this.integers(ends), this.integers(axes)];
    return this.op('Slice', steps === undefined ? inputs : [...inputs, this.integers(steps)]);
  }

  /** int64 [rank]: the shape at run time; asked once for each value. */
  shapeOf(x: string): string {
    return this.shared(`shape:${x}`, () => this.op('Shape', [x]));
  }

  /** int64 [1]: one dimension at run time. */
  dimOf(x: string, axis: number): string {
    return this.shared(`dim:${x}:${axis}`, () => this.slice(this.shapeOf(x), [axis], [axis + 1], [0]));
  }

  /** float32 zeros of the shape of another value. */
  zerosLike(x: string): string {
    return this.op('Expand', [this.scalar(0), this.shapeOf(x)]);
  }

  /** 1 where `condition` (bool) holds, else 0. `Where` on floats is nine times slower than this on a CPU. */
  mask(condition: string): string {
    return this.cast(condition, 'float32');
  }

  /** 1 where x > 0, else 0 (values below 1e-38 aside): one pass, where Greater and Cast take two. */
  positive(x: string): string {
    return this.op('HardSigmoid', [x], { alpha: float(1e38), beta: float(0) });
  }

  /** A·Bᵀ over the last two axes, without laying B out anew. */
  matmulTransposed(a: string, b: string): string {
    return this.op('FusedMatMul', [a, b], { transB: int(1) }, 'com.microsoft');
  }

  /** Aᵀ·B over the last two axes, without laying A out anew. */
  transposedMatmul(a: string, b: string): string {
    return this.op('FusedMatMul', [a, b], { transA: int(1) }, 'com.microsoft');
  }

  cast(x: string, to: 'float32' | 'int64' | 'bool'): string {
    return this.op('Cast', [x], { to: int(dtypeCode(to)) });
  }

  /** A value that is made once for its key, and given again. */
  shared(key: string, make: () => string): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.#constants.set(key, name);
    return name;
  }

  #once(key: string, make: (name: string) => Tensor): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.fresh(`constant.g${this.#constants.size}`);
    this.initializers.set(name, make(name));
    this.#constants.set(key, name);
    return name;
  }
}
