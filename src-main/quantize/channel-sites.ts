/**
 * Where a float model can be rescaled channel by channel without a change of its outputs: a value v whose makers can
 * give v/s instead, and whose readers all multiply it by constant weights that can take s.
 *
 *   y = W₂·f(W₁·x + b₁)  =  (W₂·s)·f((W₁/s)·x + b₁/s)     for every f with f(c·v) = c·f(v), c > 0
 *
 * Source: Nagel et al. 2019, arXiv:1906.04721, section 4.1.
 */

import {
  attributes,
  type Dim,
  elementCount,
  type GraphIndex,
  indexGraph,
  type Model,
  type Node,
  type Tensor,
} from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { type Constants, clipBounds, constantsOf } from './constants';

/** One constant input of a node, seen as [outer, size, inner], and the channel that each of its places belongs to. */
export interface ScaledOperand {
  readonly node: Node;
  /** Position among the inputs of the node. */
  readonly at: number;
  readonly tensor: Tensor;
  readonly size: number;
  readonly inner: number;
  readonly channel: (outer: number, place: number) => number;
  /** Which part of the index tells the output that a reader's weight adds to. */
  readonly output: 'outer' | 'inner';
}

/** A value and the axis of its channels. */
export interface ChannelValue {
  readonly value: string;
  /** Counted from the back: −1 is the last. */
  readonly axis: number;
  /** undefined where it is unknown. */
  readonly rank: number | undefined;
}

export interface ChannelSite {
  /** Makes the value first: a Conv, Gemm, MatMul, a normalization, or a Mul by one constant a channel. */
  readonly maker: Node;
  readonly channels: number;
  /** Constants to be divided by s: those of the maker, the first being its weight, and what is added behind it. */
  readonly made: readonly ScaledOperand[];
  /** Weights to be multiplied by s. */
  readonly read: readonly ScaledOperand[];
  /** What the readers read. */
  readonly inputs: readonly ChannelValue[];
  /** Upper bounds that the value passes on its way, each with what goes in: above them f(c·v) ≠ c·f(v). */
  readonly ceilings: readonly number[];
}

interface SiteQuestion {
  readonly index: GraphIndex;
  readonly constants: Constants;
  /** Sizes of a value, undefined where its rank is unknown. */
  readonly shape: (value: string) => readonly Dim[] | undefined;
  /** Whether a node may be changed. */
  readonly admits: (node: Node) => boolean;
}

/**
 * Every site of the main graph, in the order of their makers. No two have a reader in common.
 * @param admits whether a node may be changed
 */
export async function sitesOf(model: Model, admits: (node: Node) => boolean): Promise<ChannelSite[]> {
  const question = await questionOf(model, admits);
  const taken = new Set<string>();
  return model.graph.nodes.flatMap((node) => {
    const start = node.domain === '' && admits(node) ? makerOf(question, node) : null;
    const site = start === null ? null : new Walk(question, start).site();
    if (site === null || site.read.some((operand) => taken.has(operand.node.name))) return [];
    for (const operand of site.read) taken.add(operand.node.name);
    return [site];
  });
}

/** A value whose makers stay as they are: a Mul by 1/s can stand before those of its readers that take s. */
export type ReadValue = Pick<ChannelSite, 'channels' | 'read'> & { readonly input: ChannelValue };

/** The values that MatMul and Gemm nodes multiply by constant weights, each with all of those nodes. */
export async function readValuesOf(model: Model, admits: (node: Node) => boolean): Promise<ReadValue[]> {
  const { index, constants, shape } = await questionOf(model, admits);
  const found = new Map<string, ReadValue>();
  for (const node of model.graph.nodes) {
    if (node.domain !== '' || (node.opType !== 'MatMul' && node.opType !== 'Gemm') || !admits(node)) continue;
    const [value, name] = node.inputs as [string, string];
    const weight = constants.tensor(name);
    if (weight?.dtype !== 'float32' || constants.tensor(value) !== undefined || isShared(index, name)) continue;
    const operand = readerOf(node, weight, -1, 1);
    if (operand === null) continue;
    const known = found.get(value);
    const input = { value, axis: -1, rank: shape(value)?.length };
    found.set(value, { channels: operand.places, input, read: [...(known?.read ?? []), operand.scaled] });
  }
  return [...found.values()];
}

async function questionOf(model: Model, admits: (node: Node) => boolean): Promise<SiteQuestion> {
  const index = indexGraph(model.graph);
  const types = await valueTypes(model);
  const shape = (value: string): readonly Dim[] | undefined => {
    const type = types.get(value);
    return type?.kind === 'tensor' ? (type.shape ?? undefined) : undefined;
  };
  return { index, constants: constantsOf(index), shape, admits };
}

interface Maker {
  readonly node: Node;
  readonly channels: number;
  readonly made: readonly ScaledOperand[];
  /** Of the channels in its output, counted from the back. */
  readonly axis: number;
}

/** The constants of a node that decide the size of each channel of its output; null where they are not all constant. */
function makerOf({ constants, index }: SiteQuestion, node: Node): Maker | null {
  const tensorAt = (at: number): Tensor | undefined => constants.tensor(node.inputs[at] ?? '');
  const has = (at: number): boolean => (node.inputs[at] ?? '') !== '';
  const weight = tensorAt(1);
  switch (node.opType) {
    case 'Conv':
    case 'Gemm':
    case 'MatMul': {
      if (weight?.dtype !== 'float32' || weight.shape.length < 2 || isShared(index, node.inputs[1] as string))
        return null;
      if (node.opType === 'MatMul' && weight.shape.length !== 2) return null;
      const axis = outputAxis(node);
      const channels = weight.shape[axis] as number;
      const made = [along(node, 1, weight, axis)];
      if (node.opType !== 'MatMul' && has(2)) {
        const bias = tensorAt(2);
        if (bias?.dtype !== 'float32' || elementCount(bias.shape) !== channels || bias.shape.at(-1) !== channels)
          return null;
        made.push(along(node, 2, bias, bias.shape.length - 1));
      }
      return { node, channels, made, axis: node.opType === 'Conv' ? 1 - weight.shape.length : -1 };
    }
    case 'LayerNormalization':
    case 'RMSNormalization':
    case 'SimplifiedLayerNormalization': {
      if (weight?.dtype !== 'float32' || weight.shape.length !== 1) return null;
      if (node.outputs.slice(1).some((output) => output !== '')) return null;
      const made = [along(node, 1, weight, 0)];
      if (has(2)) {
        const shift = tensorAt(2);
        if (shift?.dtype !== 'float32' || shift.shape.length !== 1) return null;
        made.push(along(node, 2, shift, 0));
      }
      return { node, channels: weight.shape[0] as number, made, axis: -1 };
    }
    case 'Mul': {
      const at = node.inputs.findIndex((input) => constants.tensor(input) !== undefined);
      const factor = tensorAt(at);
      if (factor?.dtype !== 'float32' || factor.shape.length !== 1 || factor.shape[0] === 1) return null;
      return { node, channels: factor.shape[0] as number, made: [along(node, at, factor, 0)], axis: -1 };
    }
    default:
      return null;
  }
}

/** Axis of the output channels in the weight of a Conv, Gemm or MatMul. */
function outputAxis(node: Node): number {
  if (node.opType === 'Conv') return 0;
  return node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 1 ? 0 : 1;
}

function along(node: Node, at: number, tensor: Tensor, axis: number, repeat = 1): ScaledOperand {
  return {
    node,
    at,
    tensor,
    size: tensor.shape[axis] as number,
    inner: elementCount(tensor.shape.slice(axis + 1)),
    channel: (_outer, place) => Math.floor(place / repeat),
    output: axis === 0 ? 'inner' : 'outer',
  };
}

function isShared(index: GraphIndex, value: string): boolean {
  return index.consumers(value).length > 1 || index.isOutput(value);
}

/** Operators with f(c·v) = c·f(v) for c > 0, channel by channel, that keep rank and channels. */
const homogeneous = new Set(
  'Relu LeakyRelu PRelu Identity Dropout MaxPool AveragePool GlobalAveragePool GlobalMaxPool Neg Abs'.split(' '),
);
const shapeReaders = new Set(['Shape', 'Size']);

/** Follows what a maker gives to all of its readers. */
class Walk {
  readonly #question: SiteQuestion;
  readonly #maker: Maker;
  readonly #made: ScaledOperand[];
  readonly #read: ScaledOperand[] = [];
  readonly #inputs = new Map<string, ChannelValue>();
  readonly #ceilings: number[] = [];
  readonly #seen = new Set<string>();
  /** Other operands of products on the way: they must not change themselves. */
  readonly #partners: string[] = [];

  constructor(question: SiteQuestion, maker: Maker) {
    this.#question = question;
    this.#maker = maker;
    this.#made = [...maker.made];
  }

  site(): ChannelSite | null {
    const { node, channels, axis } = this.#maker;
    if (!this.#follow(node.outputs[0] as string, axis, 1)) return null;
    if (this.#read.length === 0 || this.#partners.some((value) => this.#seen.has(value))) return null;
    return {
      maker: node,
      channels,
      made: this.#made,
      read: this.#read,
      inputs: [...this.#inputs.values()],
      ceilings: this.#ceilings,
    };
  }

  /** @param repeat how many places in a row belong to one channel, behind a Flatten */
  #follow(value: string, axis: number, repeat: number): boolean {
    const { index } = this.#question;
    if (index.isOutput(value)) return false;
    this.#seen.add(value);
    return index.consumers(value).every((node) => this.#pass(node, value, axis, repeat));
  }

  #pass(node: Node, value: string, axis: number, repeat: number): boolean {
    if (node.domain !== '' || node.inputs.filter((input) => input === value).length !== 1) return false;
    if (shapeReaders.has(node.opType)) return true;
    const at = node.inputs.indexOf(value);
    const on = (): boolean =>
      node.outputs.slice(1).every((output) => output === '') && this.#follow(node.outputs[0] as string, axis, repeat);
    if (homogeneous.has(node.opType)) return at === 0 && on();
    switch (node.opType) {
      case 'Clip':
        return at === 0 && this.#clip(node) && on();
      case 'Mul':
        return this.#partner(node, 1 - at, value) && on();
      case 'Div':
        return at === 0 && this.#partner(node, 1, value) && on();
      case 'Add':
      case 'Sub':
        return this.#shift(node, 1 - at, axis, repeat) && on();
      case 'Flatten':
        return this.#flatten(node, value, axis, repeat);
      case 'Reshape':
        return at === 0 && axis === -1 && repeat === 1 && this.#attention(node);
      case 'Conv':
      case 'Gemm':
      case 'MatMul':
        return at === 0 && this.#reader(node, value, axis, repeat);
      default:
        return false;
    }
  }

  /** Clip to [0, h] or (−∞, h]: its upper bound is noted. */
  #clip(node: Node): boolean {
    const { low, high } = clipBounds(this.#question.constants, node) ?? { low: Number.NaN, high: Number.NaN };
    if ((low !== 0 && !(low < -3e38)) || !(high > 0)) return false;
    if (high < 3e38) this.#ceilings.push(high);
    return true;
  }

  /** The other operand of a product: anything that does not turn the value into one of more dims. */
  #partner(node: Node, at: number, value: string): boolean {
    const { constants, shape } = this.#question;
    const partner = node.inputs[at] as string;
    const constant = constants.tensor(partner);
    const own = shape(value)?.length;
    const rank = constant?.shape.length ?? shape(partner)?.length;
    if (constant !== undefined && elementCount(constant.shape) === 1 && constant.shape.length <= 1) return true;
    if (own === undefined || rank === undefined || rank > own) return false;
    if (constant === undefined) this.#partners.push(partner);
    return true;
  }

  /** A constant that is added: one number a channel. */
  #shift(node: Node, at: number, axis: number, repeat: number): boolean {
    const { constants } = this.#question;
    const shift = constants.tensor(node.inputs[at] as string);
    if (shift?.dtype !== 'float32' || repeat !== 1) return false;
    const own = shift.shape.length + axis;
    if (own < 0 || shift.shape[own] !== this.#maker.channels) return false;
    if (elementCount(shift.shape) !== this.#maker.channels) return false;
    this.#made.push(along(node, at, shift, own));
    return true;
  }

  /**
   * The values of attention: split into heads, added up by the weights of the places, and put together again. Each
   * channel of a sum is made of that channel alone.
   * [batch, places, heads·size] → [batch, places, heads, size] → [batch, heads, places, size], and back
   */
  #attention(split: Node): boolean {
    const { shape } = this.#question;
    const apart = this.#onlyReader(split, 'Transpose');
    const sums = apart && this.#onlyReader(apart, 'MatMul');
    const together = sums && this.#onlyReader(sums, 'Transpose');
    const merge = together && this.#onlyReader(together, 'Reshape');
    if (!apart || !sums || !merge || !swapsPlacesAndHeads(apart) || !swapsPlacesAndHeads(together)) return false;
    const [weights, values] = sums.inputs as [string, string];
    const [, , heads, size] = shape(split.outputs[0] as string) ?? [];
    const merged = shape(merge.outputs[0] as string);
    const { channels } = this.#maker;
    if (typeof heads !== 'number' || typeof size !== 'number' || heads * size !== channels) return false;
    if (values !== apart.outputs[0] || merged?.length !== 3 || merged[2] !== channels) return false;
    this.#partners.push(weights);
    return this.#follow(merge.outputs[0] as string, -1, 1);
  }

  /** The one node that reads what a node gives, if it is such an operator. */
  #onlyReader({ outputs }: Node, opType: string): Node | undefined {
    const { index } = this.#question;
    const [value] = outputs as [string];
    const [reader, ...others] = index.consumers(value);
    if (others.length > 0 || index.isOutput(value) || reader?.opType !== opType || reader.domain !== '')
      return undefined;
    this.#seen.add(value);
    return reader;
  }

  #flatten(node: Node, value: string, axis: number, repeat: number): boolean {
    const shape = this.#question.shape(value);
    if (shape === undefined || attributes.intOf(node, 'axis', 1) !== 1 || shape.length + axis !== 1) return false;
    const places = shape.slice(2);
    if (places.some((dim) => typeof dim !== 'number')) return false;
    return this.#follow(node.outputs[0] as string, -1, repeat * elementCount(places as number[]));
  }

  #reader(node: Node, value: string, axis: number, repeat: number): boolean {
    const { constants, index, admits } = this.#question;
    const weight = constants.tensor(node.inputs[1] as string);
    if (!admits(node) || weight?.dtype !== 'float32' || isShared(index, node.inputs[1] as string)) return false;
    const operand = readerOf(node, weight, axis, repeat);
    if (operand === null || operand.places !== this.#maker.channels * repeat) return false;
    this.#read.push(operand.scaled);
    this.#inputs.set(value, { value, axis, rank: this.#question.shape(value)?.length });
    return true;
  }
}

function swapsPlacesAndHeads(transpose: Node): boolean {
  return String(attributes.intsOf(transpose, 'perm', [])) === '0,2,1,3';
}

/** The weight that multiplies the channels along `axis` of its input, and how many there are. */
function readerOf(
  node: Node,
  weight: Tensor,
  axis: number,
  repeat: number,
): { scaled: ScaledOperand; places: number } | null {
  if (node.opType === 'Conv') {
    if (axis !== 1 - weight.shape.length || repeat !== 1) return null;
    const [outputs, inputs] = weight.shape as [number, number];
    const groups = attributes.intOf(node, 'group', 1);
    const perGroup = outputs / groups;
    const channel = (output: number, input: number): number => Math.floor(output / perGroup) * inputs + input;
    return { scaled: { ...along(node, 1, weight, 1), channel }, places: inputs * groups };
  }
  if (axis !== -1 || weight.shape.length !== 2) return null;
  if (node.opType === 'Gemm' && attributes.intOf(node, 'transA', 0) !== 0) return null;
  const inputAxis = 1 - outputAxis(node);
  return { scaled: along(node, 1, weight, inputAxis, repeat), places: weight.shape[inputAxis] as number };
}
