/**
 * A matrix product with a constant added becomes a Gemm, whose bias goes along into the integer kernel. Left as they
 * are, onnxruntime adds the constant in a kernel of its own, or makes a Gemm of floats of the two. A Gemm multiplies
 * matrices: what has more dims is laid out as rows before it, and takes its shape again behind it.
 *
 *   [batch, places, inputs] → [batch·places, inputs] → Gemm → [batch·places, outputs] → [batch, places, outputs]
 */

import { readTensor } from '../onnx/file';
import {
  attributes,
  type Dim,
  elementCount,
  type Graph,
  type GraphIndex,
  indexGraph,
  int64Tensor,
  makeNode,
  type NdArray,
  type Node,
  Patch,
  type Tensor,
} from '../onnx/ir';
import { type Constants, constantsOf } from './constants';

/** Operators that treat each element, or each column, alike: they take rows as well as tensors of more dims. */
const columnwise = new Set(
  'Add Sub Mul Div Pow Erf Gelu Relu LeakyRelu Clip Tanh Sigmoid HardSigmoid HardSwish Sqrt Exp Neg Abs'.split(' '),
);

interface BiasedProduct {
  readonly node: Node;
  readonly add: Node;
  readonly bias: string;
  /** Of the input, but for the last; undefined where it is unknown. */
  readonly leading: readonly Dim[] | undefined;
}

/** Whether a graph has a product of three dims or more with a bias, so that shapes are worth asking for. */
export function hasBiasedProducts(graph: Graph): boolean {
  const index = indexGraph(graph);
  const constants = constantsOf(index);
  return graph.nodes.some((node) => biasedProduct(index, constants, node, () => undefined) !== null);
}

/** @param shape of a value, with the names of open dims; undefined where its rank is unknown */
export function productsWithBias(graph: Graph, shape: (value: string) => readonly Dim[] | undefined): Graph {
  const index = indexGraph(graph);
  const constants = constantsOf(index);
  const products = graph.nodes
    .map((node) => biasedProduct(index, constants, node, shape))
    .filter((product) => product !== null)
    .filter(({ leading = [] }) => leading.length > 0);
  const rows = new Rows(index, constants, products);
  for (const product of products) rows.rewrite(product);
  return rows.patch.isEmpty ? graph : rows.patch.apply();
}

function biasedProduct(
  index: GraphIndex,
  constants: Constants,
  node: Node,
  shape: (value: string) => readonly Dim[] | undefined,
): BiasedProduct | null {
  if (node.opType !== 'MatMul' || node.domain !== '') return null;
  const [input, weight] = node.inputs as [string, string];
  const [output] = node.outputs as [string];
  const columns = constants.tensor(weight)?.shape;
  const [add, ...others] = index.consumers(output);
  if (columns?.length !== 2 || constants.tensor(input) !== undefined || index.isOutput(output)) return null;
  if (add?.opType !== 'Add' || add.domain !== '' || others.length > 0) return null;
  const bias = add.inputs.find((value) => value !== output);
  if (bias === undefined || !isRow(constants.tensor(bias), columns[1] as number)) return null;
  return { node, add, bias, leading: shape(input)?.slice(0, -1) };
}

/** [columns] or [1, columns] */
function isRow(tensor: Tensor | undefined, columns: number): boolean {
  const shape = tensor?.shape ?? [];
  return shape.length <= 2 && shape.at(-1) === columns && elementCount(shape) === columns;
}

class Rows {
  readonly patch: Patch;
  readonly #index: GraphIndex;
  readonly #constants: Constants;
  /** Value → products that read it and are to be made Gemms of rows. */
  readonly #readers = new Map<string, Set<Node>>();
  /** Value → the same laid out as rows. */
  readonly #rows = new Map<string, string>();
  /** Value that products read as rows of another → the value whose dims those rows have. */
  readonly #origins = new Map<string, string>();
  /** Dims as text → the value that holds them, and the whole target with the columns of a product. */
  readonly #leading = new Map<string, string>();
  readonly #targets = new Map<string, string>();

  constructor(index: GraphIndex, constants: Constants, products: readonly BiasedProduct[]) {
    this.patch = new Patch(index.graph);
    this.#index = index;
    this.#constants = constants;
    for (const { node, leading } of products) {
      const [input] = node.inputs as [string];
      if (leading?.length !== 1) this.#readers.set(input, new Set([...(this.#readers.get(input) ?? []), node]));
    }
  }

  rewrite({ node, add, bias, leading = [] }: BiasedProduct): void {
    const [input, weight] = node.inputs as [string, string];
    const [output] = add.outputs as [string];
    const [inputs, columns] = (this.#constants.tensor(weight) as Tensor).shape as [number, number];
    const isMatrix = leading.length === 1;
    const operands = [isMatrix ? input : this.#asRows(input, inputs), weight, bias];
    const staying = isMatrix ? [] : this.#staysRows(output, this.#origins.get(input) ?? input);
    const next = isMatrix || staying !== null ? undefined : this.#reshapeBehind(output);
    const gives = isMatrix || staying !== null ? output : this.patch.freshName(`${output}_rows`);
    this.patch.replaceNode(node.name, makeNode('Gemm', node.name, operands, [gives]));
    for (const value of staying ?? []) if (this.#index.graph.values.has(value)) this.patch.setValue(value, null);
    if (gives === output) this.patch.removeNode(add.name);
    else if (next !== undefined) {
      this.patch.removeNode(add.name);
      this.patch.replaceNode(next.name, { ...next, inputs: [gives, ...next.inputs.slice(1)] });
    } else {
      const target = this.#target(input, leading, columns);
      this.patch.replaceNode(add.name, makeNode('Reshape', add.name, [gives, target], [output]));
    }
  }

  #asRows(value: string, columns: number): string {
    const known = this.#rows.get(value);
    if (known !== undefined) return known;
    const maker = this.#index.producer(value);
    const source = maker?.opType === 'Reshape' && maker.domain === '' ? (maker.inputs[0] as string) : value;
    const rows = this.patch.freshName(`${value}_rows`);
    const target = this.#constant(`rows_of_${columns}`, [-1, columns]);
    this.patch.addNode(makeNode('Reshape', this.patch.freshName(`${rows}_Reshape`), [source, target], [rows]));
    this.#rows.set(value, rows);
    return rows;
  }

  /**
   * All values between a product and the next ones where nothing needs the dims back; null where something does. The
   * next products then read the rows as they come.
   */
  #staysRows(output: string, origin: string): string[] | null {
    const inside = new Set([output]);
    const ends = new Set<string>();
    for (const value of inside) {
      if (this.#index.isOutput(value)) return null;
      for (const reader of this.#index.consumers(value)) {
        if (this.#readers.get(value)?.has(reader)) ends.add(value);
        else if (columnwise.has(reader.opType) && reader.domain === '') inside.add(reader.outputs[0] as string);
        else return null;
      }
    }
    const operands = [...inside].flatMap((value) =>
      value === output ? [] : (this.#index.producer(value)?.inputs ?? []),
    );
    if (!operands.every((operand) => inside.has(operand) || this.#isForEachRow(operand))) return null;
    for (const value of ends) {
      this.#rows.set(value, value);
      this.#origins.set(value, origin);
    }
    return [...inside];
  }

  /** A constant of one number, or of one a column. */
  #isForEachRow(value: string): boolean {
    return value === '' || (this.#constants.tensor(value)?.shape.length ?? 2) <= 1;
  }

  /** The only reader of a value, a Reshape to dims of its own. */
  #reshapeBehind(value: string): Node | undefined {
    const [reader, ...others] = this.#index.consumers(value);
    if (reader?.opType !== 'Reshape' || reader.domain !== '' || others.length > 0 || this.#index.isOutput(value))
      return undefined;
    const target = this.#constants.tensor(reader.inputs[1] as string);
    const dims = target && (readTensor(target) as NdArray<'int64'>).data;
    return dims?.every((dim) => dim !== 0n) ? reader : undefined;
  }

  /** The dims with so many columns last. */
  #target(like: string, leading: readonly Dim[], columns: number): string {
    const open = leading.filter((dim) => typeof dim !== 'number');
    if (open.length <= 1)
      return this.#constant('whole', [...leading.map((dim) => (typeof dim === 'number' ? dim : -1)), columns]);
    const origin = this.#origins.get(like) ?? like;
    const dims = open.every((dim) => typeof dim === 'string') ? String(leading) : `of ${origin}`;
    const key = `${dims} ${columns}`;
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const target = this.patch.freshName('whole_shape');
    const inputs = [this.#leadingOf(dims, origin, leading.length), this.#constant('columns', [columns])];
    const axis = { axis: attributes.int(0) };
    this.patch.addNode(makeNode('Concat', this.patch.freshName(`${target}_Concat`), inputs, [target], axis));
    this.#targets.set(key, target);
    return target;
  }

  #leadingOf(key: string, like: string, count: number): string {
    const known = this.#leading.get(key);
    if (known !== undefined) return known;
    const whole = this.patch.freshName(`${like}_shape`);
    const dims = this.patch.freshName(`${like}_leading`);
    const bounds = [this.#constant('first', [0]), this.#constant('count', [count])];
    this.patch.addNode(makeNode('Shape', this.patch.freshName(`${whole}_Shape`), [like], [whole]));
    this.patch.addNode(makeNode('Slice', this.patch.freshName(`${dims}_Slice`), [whole, ...bounds], [dims]));
    this.#leading.set(key, dims);
    return dims;
  }

  #constant(wanted: string, numbers: readonly number[]): string {
    const key = numbers.join(' ');
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const name = this.patch.freshName(wanted);
    this.patch.setInitializer(int64Tensor(name, [numbers.length], numbers));
    this.#targets.set(key, name);
    return name;
  }
}
