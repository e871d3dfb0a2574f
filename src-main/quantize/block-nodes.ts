/**
 * The nodes that compute with weights of few bits.
 *
 * `matmul-nbits`: com.microsoft.MatMulNBits and GatherBlockQuantized, which only onnxruntime has. `dequantize-linear`:
 * block-wise DequantizeLinear of ONNX opset 21 before the float operator, which any runtime may have; onnxruntime makes
 * MatMulNBits of it when it loads the model.
 *
 * Zero points that are no whole numbers are a product of their own, y = x·Wq + S·O: S [.., blocks] the sums of x over
 * each block, O [blocks, outputs] the offsets. The integer kernels take no others.
 */

import { flattenBlocks, transposed } from '../kernels';
import {
  type Attribute,
  attributes,
  type DType,
  dtypeBytes,
  elementCount,
  int64Tensor,
  makeNode,
  type Patch,
  type Tensor,
  type TensorData,
  tensorFromArray,
} from '../onnx/ir';
import { type BlockCodes, type BlockFormat, blockSizes } from './block-codes';
import { type BlockLayer, weightKey } from './block-layers';

export type BlockForm = 'matmul-nbits' | 'dequantize-linear';

export interface NodeOptions {
  readonly form: BlockForm;
  /** 0: float activations; 4: activations as int8 inside the kernel, which is what makes it fast on a CPU. */
  readonly accuracyLevel: 0 | 4;
}

/** Codes and what belongs to them, made when they are asked for. */
export interface StoredBlocks {
  readonly format: BlockFormat;
  readonly make: () => BlockCodes;
  /** Read by products and by Gather. */
  readonly isShared: boolean;
}

/** Names of initializers; '' where there is none. */
interface Names {
  readonly codes: string;
  readonly scales: string;
  readonly zeroPoints: string;
}

/** `blocks`: as MatMulNBits packs them; `table`: the same as rows of bytes; `columns`: [inputs, outputs]; `rows`: [outputs, inputs]. */
type Layout = 'blocks' | 'table' | 'columns' | 'rows';

/** Makes the value `output` by a node called `name`. */
type Term = (output: string, name: string) => void;

const domain = 'com.microsoft';
const { int } = attributes;

/** Puts nodes of few bits in the place of float ones; a weight is stored once for all that read it alike. */
export class BlockNodes {
  readonly #patch: Patch;
  readonly #options: NodeOptions;
  readonly #names = new Map<string, Names>();
  readonly #values = new Map<string, string>();

  constructor(patch: Patch, options: NodeOptions) {
    this.#patch = patch;
    this.#options = options;
  }

  product(layer: BlockLayer, stored: StoredBlocks): void {
    const { node } = layer;
    const terms = [this.#fewBits(layer, stored)];
    if (stored.format.zeroPoints === 'float' && !this.#takesFloatZeroPoints(stored.format))
      terms.push(this.#offset(layer, stored));
    const bias = node.opType === 'Gemm' ? (node.inputs[2] ?? '') : '';
    this.#patch.removeNode(node.name);
    this.#sum(node.outputs[0] as string, node.name, terms, bias);
  }

  table(layer: BlockLayer, stored: StoredBlocks): void {
    const { node, inputs, outputs } = layer;
    const { format } = stored;
    const ids = node.inputs[1] as string;
    const isNative = this.#options.form === 'matmul-nbits';
    const layout = isNative ? (stored.isShared ? 'blocks' : 'table') : 'rows';
    const { codes, scales, zeroPoints } = this.#store(layer, stored, layout);
    this.#patch.removeNode(node.name);
    if (!isNative) {
      const read = [codes, scales, zeroPoints].filter((name) => name !== '');
      const rows = read.map((name) => this.#add('Gather', `${node.name}_${name}`, [name, ids]));
      const along = { axis: int(-1), block_size: int(format.block) };
      this.#put('DequantizeLinear', rows, along)(node.outputs[0] as string, node.name);
      return;
    }
    const rows = layout === 'table' ? codes : this.#asTable(codes, outputs, blockSizes(inputs, outputs, format));
    const extra = {
      bits: int(format.bits),
      block_size: int(format.block),
      gather_axis: int(0),
      quantize_axis: int(1),
    };
    const reads = [rows, ids, scales, zeroPoints];
    this.#put('GatherBlockQuantized', reads, extra, domain)(node.outputs[0] as string, node.name);
  }

  /** Codes as MatMulNBits takes them in the shape that GatherBlockQuantized takes; onnxruntime does it at loading. */
  #asTable(codes: string, outputs: number, { blocks, bytes }: ReturnType<typeof blockSizes>): string {
    const shape = this.#patch.freshName(`${codes}_shape`);
    this.#patch.setInitializer(int64Tensor(shape, [2], [outputs, blocks * bytes]));
    return this.#add('Reshape', `${codes}_rows`, [codes, shape]);
  }

  /** x·Wq */
  #fewBits(layer: BlockLayer, stored: StoredBlocks): Term {
    const { node, inputs, outputs } = layer;
    const { bits, block } = stored.format;
    const x = node.inputs[0] as string;
    if (this.#options.form === 'dequantize-linear') {
      const { codes, scales, zeroPoints } = this.#store(layer, stored, 'columns');
      const extra = { axis: int(0), block_size: int(block) };
      return (output, name) => {
        const w = this.#add('DequantizeLinear', `${name}_weight`, [codes, scales, zeroPoints], extra);
        this.#put('MatMul', [x, w])(output, name);
      };
    }
    const { codes, scales, zeroPoints } = this.#store(layer, stored, 'blocks');
    const accuracy = int(this.#options.accuracyLevel);
    const extra = {
      K: int(inputs),
      N: int(outputs),
      bits: int(bits),
      block_size: int(block),
      accuracy_level: accuracy,
    };
    return this.#put('MatMulNBits', [x, codes, scales, zeroPoints], extra, domain);
  }

  /** S·O, S [.., blocks]: sums of x over each block, one product with ones for all that read x. */
  #offset(layer: BlockLayer, stored: StoredBlocks): Term {
    const { inputs, node } = layer;
    const { block } = stored.format;
    const x = node.inputs[0] as string;
    const ones = this.#once(`ones ${inputs} ${block}`, () => {
      const name = this.#patch.freshName(`ones_${inputs}_${block}`);
      this.#patch.setInitializer(blockOnes(name, inputs, block));
      return name;
    });
    const sums = this.#once(`sums ${x} ${inputs} ${block}`, () => this.#add('MatMul', `${x}_block_sums`, [x, ones]));
    const offsets = this.#once(`offsets ${weightKey(layer)}`, () => this.#storeOffsets(layer, stored));
    return this.#put('MatMul', [sums, offsets]);
  }

  /** Whether zero points that are no whole numbers go into the kernel: the one with float activations, up to 4 bits. */
  #takesFloatZeroPoints({ bits }: BlockFormat): boolean {
    return this.#options.form === 'matmul-nbits' && this.#options.accuracyLevel === 0 && bits < 8;
  }

  #once(key: string, make: () => string): string {
    const value = this.#values.get(key) ?? make();
    this.#values.set(key, value);
    return value;
  }

  #sum(output: string, name: string, terms: readonly Term[], bias: string): void {
    const [first, ...others] = terms as [Term, ...Term[]];
    const count = others.length + (bias === '' ? 0 : 1);
    if (count === 0) {
      first(output, name);
      return;
    }
    let sum = this.#patch.freshName(`${output}_product`);
    first(sum, name);
    const addends = others.map((term, at) => {
      const value = this.#patch.freshName(`${output}_term_${at}`);
      term(value, this.#patch.freshName(`${name}_term_${at}`));
      return value;
    });
    if (bias !== '') addends.push(bias);
    addends.forEach((addend, at) => {
      const next = at === count - 1 ? output : this.#patch.freshName(`${output}_sum_${at}`);
      this.#put('Add', [sum, addend])(next, this.#patch.freshName(`${name}_add_${at}`));
      sum = next;
    });
  }

  /** A node whose trailing inputs '' are left out. */
  #put(opType: string, inputs: readonly string[], extra: Record<string, Attribute> = {}, of = ''): Term {
    const given = inputs.at(-1) === '' ? inputs.slice(0, -1) : inputs;
    return (output, name) => this.#patch.addNode(makeNode(opType, name, given, [output], extra, of));
  }

  /** A node of its own name and output. */
  #add(opType: string, stem: string, inputs: readonly string[], extra: Record<string, Attribute> = {}): string {
    const output = this.#patch.freshName(stem);
    this.#put(opType, inputs, extra)(output, this.#patch.freshName(`${stem}_${opType}`));
    return output;
  }

  #store(layer: BlockLayer, stored: StoredBlocks, layout: Layout): Names {
    const key = `${weightKey(layer)} ${layout}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const { inputs, outputs, tensor } = layer;
    const { format } = stored;
    const { bits, block } = format;
    const { blocks, bytes, zeroBytes } = blockSizes(inputs, outputs, format);
    const isPacked = layout === 'blocks' || layout === 'table';
    const packedShape = layout === 'table' ? [outputs, blocks * bytes] : [outputs, blocks, bytes];
    const outer = layout === 'rows' ? [outputs] : [];
    const inner = layout === 'columns' ? [outputs] : [];
    // Without zero points codes count from the middle: what is signed in DequantizeLinear.
    const isSigned = format.zeroPoints !== 'integer';
    const dtype = isPacked ? 'uint8' : storedType(bits, isSigned);
    const flip = isSigned ? 2 ** (bits - 1) : 0;
    const flat = (codes: Uint8Array, count: number, perBlock: number, mask: number) =>
      flattenBlocks(codes, count, outputs, perBlock, bits, mask, layout === 'rows');
    const codes = this.#tensor(
      `${tensor.name}_codes`,
      dtype,
      isPacked ? packedShape : [...outer, inputs, ...inner],
      stored,
      (made) => (isPacked ? made.codes : flat(made.codes, inputs, block, flip)),
    );
    const scales = this.#tensor(
      `${tensor.name}_scales`,
      'float32',
      layout === 'columns' ? [blocks, outputs] : [outputs, blocks],
      stored,
      ({ scales: s }) => bytesOf(layout === 'columns' ? transposed(s, outputs, blocks) : s),
    );
    let zeroPoints = '';
    if (format.zeroPoints === 'integer')
      zeroPoints = this.#tensor(
        `${tensor.name}_zero_points`,
        dtype,
        isPacked ? [outputs, zeroBytes] : [...outer, blocks, ...inner],
        stored,
        ({ zeroPoints: z }) => (isPacked ? z! : flat(z!, blocks, (zeroBytes * 8) / bits, 0)),
      );
    if (format.zeroPoints === 'float' && this.#takesFloatZeroPoints(format))
      zeroPoints = this.#tensor(`${tensor.name}_zero_points`, 'float32', [outputs, blocks], stored, (made) =>
        bytesOf(made.offsets!.map((offset, i) => 2 ** (bits - 1) - offset / (made.scales[i] || 1))),
      );
    const names = { codes, scales, zeroPoints };
    this.#names.set(key, names);
    return names;
  }

  #storeOffsets({ tensor, inputs, outputs }: BlockLayer, stored: StoredBlocks): string {
    const { blocks } = blockSizes(inputs, outputs, stored.format);
    return this.#tensor(`${tensor.name}_offsets`, 'float32', [blocks, outputs], stored, ({ offsets }) =>
      bytesOf(transposed(offsets!, outputs, blocks)),
    );
  }

  /** An initializer whose bytes are made when they are read. */
  #tensor(
    stem: string,
    dtype: DType,
    shape: readonly number[],
    { make }: StoredBlocks,
    bytes: (made: BlockCodes) => Uint8Array,
  ): string {
    const name = this.#patch.freshName(stem);
    const whole = (): Uint8Array => bytes(lastCodes.of(make));
    const read = (start: number, end: number): Uint8Array => lastBytes.of(whole).slice(start, end);
    const data: TensorData = { kind: 'derived', length: dtypeBytes(dtype, elementCount(shape)), read };
    this.#patch.setInitializer({ name, dtype, shape, data });
    return name;
  }
}

function storedType(bits: 2 | 4 | 8, isSigned: boolean): DType {
  return isSigned ? (`int${bits}` as const) : (`uint${bits}` as const);
}

/** Ones [inputs, blocks] where an input belongs to a block. */
function blockOnes(name: string, inputs: number, block: number): Tensor {
  const blocks = Math.ceil(inputs / block);
  const data = new Float32Array(inputs * blocks);
  for (let i = 0; i < inputs; i++) data[i * blocks + Math.floor(i / block)] = 1;
  return tensorFromArray(name, { dtype: 'float32', shape: [inputs, blocks], data });
}

/** What was made last, and only that: the parts of one weight are read one after the other. */
class LastMade<T> {
  #make: (() => T) | undefined;
  #made: T | undefined;

  of(make: () => T): T {
    if (this.#make !== make) {
      this.#made = undefined;
      this.#made = make();
      this.#make = make;
    }
    return this.#made as T;
  }
}

const lastCodes = new LastMade<BlockCodes>();
const lastBytes = new LastMade<Uint8Array>();

function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
