/**
 * A product with a matrix and the bias behind it as one Gemm over the rows: y [.., N] = x [.., K] · W [K, N] + b [N]. The sum
 * costs no pass of its own over y, in the forward pass or for its gradient.
 */

import { attributes, type Dim, indexGraph, type Model, makeNode, type Node, Patch, type TypeInfo } from '../onnx/ir';
import { Emitter, namesOf } from './emitter';
import { rowTypes } from './row-types';

interface Site {
  readonly product: Node;
  readonly sum: Node;
  readonly bias: string;
  /** Sizes of y beyond the first. */
  readonly sizes: readonly number[];
  /** K. */
  readonly width: number;
  /** The matrix [N, K] that W is the transpose of; null where it is none. */
  readonly turned: string | null;
}

/**
 * The model with such pairs of nodes written as one; names and shapes of the weights stay.
 * @param learnedFrom values that must stay
 */
export async function addBiasInProduct(model: Model, learnedFrom: readonly string[]): Promise<Model> {
  const { graph } = model;
  if (!graph.nodes.some(isProduct)) return model;
  const typed = await rowTypes(model, (_, batch) => batch).catch(() => null);
  if (typed === null) return model;
  const types = typed.of(graph);
  const index = indexGraph(graph);
  const shape = (value: string): readonly Dim[] | null =>
    graph.initializers.get(value)?.shape ?? shapeOf(types.get(value));
  const siteOf = (product: Node): Site | null => {
    const [x, weight] = product.inputs as [string, string];
    const output = product.outputs[0] as string;
    const [sum, ...others] = index.consumers(output);
    if (sum?.opType !== 'Add' || others.length > 0 || index.isOutput(output) || learnedFrom.includes(output))
      return null;
    const bias = sum.inputs.find((name) => name !== output);
    const sizes = shape(sum.outputs[0] as string)?.slice(1);
    const width = shape(x)?.at(-1);
    const isVector = bias !== undefined && shape(bias)?.length === 1 && shape(bias)?.[0] === sizes?.at(-1);
    if (!isVector || shape(weight)?.length !== 2 || (shape(x)?.length ?? 0) < 2 || typeof width !== 'number')
      return null;
    if (!sizes?.every((size) => typeof size === 'number')) return null;
    return { product, sum, bias, sizes, width, turned: turnedFrom(index.producer(weight)) };
  };
  const sites = graph.nodes.filter(isProduct).flatMap((node) => siteOf(node) ?? []);
  if (sites.length === 0) return model;
  const patch = new Patch(graph);
  const emit = new Emitter(namesOf(graph));
  for (const site of sites) {
    patch.removeNode(site.product.name);
    patch.removeNode(site.sum.name);
    write(emit, site);
  }
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { ...model, graph: patch.apply() };
}

function isProduct({ domain, opType }: Node): boolean {
  return domain === '' && opType === 'MatMul';
}

/** What a transposed matrix was before; Gemm reads it as it is. */
function turnedFrom(maker: Node | undefined): string | null {
  return maker?.domain === '' && maker.opType === 'Transpose' ? (maker.inputs[0] as string) : null;
}

function shapeOf(type: TypeInfo | undefined): readonly Dim[] | null {
  return type?.kind === 'tensor' ? type.shape : null;
}

function write(emit: Emitter, { product, sum, bias, sizes, width, turned }: Site): void {
  const [x, weight] = product.inputs as [string, string];
  const output = sum.outputs[0] as string;
  const [rows, target] =
    sizes.length === 1
      ? [x, output]
      : [emit.shared(`rows:${x}`, () => emit.reshape(x, [-1, width])), emit.fresh(`${output}:rows`)];
  emit.nodes.push(
    makeNode(
      'Gemm',
      product.name,
      [rows, turned ?? weight, bias],
      [target],
      turned === null ? {} : { transB: attributes.int(1) },
    ),
  );
  if (target !== output)
    emit.nodes.push(makeNode('Reshape', sum.name, [target, emit.integers([-1, ...sizes])], [output]));
}
