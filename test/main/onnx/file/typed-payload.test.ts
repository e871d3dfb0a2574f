import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { modelFromBytes, readModel, readTensor, readTensorBytes, tensorChunks } from '../../../../src-main/onnx/file';
import { type DType, dtypeCode, type Tensor } from '../../../../src-main/onnx/ir';
import { temporaryFolder } from '../../../support/folder';
import {
  bytesField,
  floatField,
  initializer,
  joined,
  modelBytes,
  textField,
  varint,
  varintField,
} from '../../../support/wire';

function onlyTensor(bytes: Uint8Array): Tensor {
  const [tensor] = modelFromBytes(bytes).graph.initializers.values();
  if (tensor === undefined) throw new Error('no initializer');
  return tensor;
}

const typed = (dtype: DType, dims: number[], ...payload: Uint8Array[]) =>
  onlyTensor(modelBytes(initializer('t', dims, dtypeCode(dtype), ...payload)));
const packed = (field: number, values: readonly (number | bigint)[]) => bytesField(field, ...values.map(varint));

describe('elements in typed fields', () => {
  test.each<[DType, number, (number | bigint)[], ArrayLike<number | bigint>]>([
    ['int32', 5, [1, -2, 2_147_483_647], Int32Array.of(1, -2, 2_147_483_647)],
    ['int16', 5, [1, -2, 32_767], Int16Array.of(1, -2, 32_767)],
    ['uint16', 5, [1, 65_535], Uint16Array.of(1, 65_535)],
    ['int8', 5, [1, -128], Int8Array.of(1, -128)],
    ['uint8', 5, [255, 0], Uint8Array.of(255, 0)],
    ['bool', 5, [1, 0, 1], Uint8Array.of(1, 0, 1)],
    ['float16', 5, [0x3c00, 0xfc00], Uint16Array.of(0x3c00, 0xfc00)],
    ['bfloat16', 5, [0x3f80], Uint16Array.of(0x3f80)],
    ['int64', 7, [1, -1, 2n ** 63n - 1n, -(2n ** 63n)], BigInt64Array.of(1n, -1n, 2n ** 63n - 1n, -(2n ** 63n))],
    ['uint32', 11, [4_294_967_295], Uint32Array.of(4_294_967_295)],
    ['uint64', 11, [2n ** 64n - 1n], BigUint64Array.of(2n ** 64n - 1n)],
  ])('%s, packed and one by one', (dtype, field, values, wanted) => {
    const tensor = typed(dtype, [values.length], packed(field, values));
    expect(readTensor(tensor).data).toEqual(wanted);
    const unpacked = values.map((value) => varintField(field, value));
    expect(readTensor(typed(dtype, [values.length], ...unpacked)).data).toEqual(wanted);
  });

  test('floats and doubles, packed, one by one, and in several records', () => {
    const record = (...values: number[]) => bytesField(4, new Uint8Array(Float32Array.from(values).buffer));
    const wanted = Float32Array.of(1.5, -2, 3);
    expect(readTensor(typed('float32', [3], record(1.5, -2, 3))).data).toEqual(wanted);
    expect(readTensor(typed('float32', [3], record(1.5), record(-2, 3))).data).toEqual(wanted);
    expect(readTensor(typed('float32', [3], floatField(4, 1.5), record(-2), floatField(4, 3))).data).toEqual(wanted);
    const doubles = bytesField(10, new Uint8Array(Float64Array.of(0.1, -7).buffer));
    expect(readTensor(typed('float64', [2], doubles)).data).toEqual(Float64Array.of(0.1, -7));
  });

  test('two elements of 4 bits in each entry', () => {
    expect(readTensorBytes(typed('int4', [3], packed(5, [0xe1, 0x07])))).toEqual(Uint8Array.of(0xe1, 0x07));
  });

  test('a large one stays in its file and is converted part by part, from any place', async () => {
    const count = 50_000;
    const values = Array.from({ length: count }, (_, index) => (index % 3 === 0 ? -index : index * index));
    const half = count / 2;
    const file = join(temporaryFolder(), 'large.onnx');
    writeFileSync(
      file,
      modelBytes(initializer('t', [count], 7, packed(7, values.slice(0, half)), packed(7, values.slice(half)))),
    );
    const tensor = (await readModel(file)).graph.initializers.get('t');
    if (tensor === undefined) throw new Error('no tensor');
    expect(tensor.data.kind).toBe('derived');
    const wanted = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    expect(Buffer.from(readTensorBytes(tensor)).equals(Buffer.from(wanted))).toBe(true);
    for (const [start, end] of [
      [0, 1],
      [131_071, 131_075],
      [200_003, 399_999],
      [399_995, 400_000],
      [7, 7],
    ] as const) {
      expect(readTensorBytes(tensor, start, end)).toEqual(wanted.subarray(start, end));
    }
    expect(Buffer.concat([...tensorChunks(tensor, 4096)]).equals(Buffer.from(wanted))).toBe(true);
  });

  test('raw data counts where both are there', () => {
    const tensor = typed('int32', [1], packed(5, [1]), bytesField(9, [2, 0, 0, 0]));
    expect(readTensor(tensor).data).toEqual(Int32Array.of(2));
  });

  test('a shape that the stored bytes cannot fill is refused when the file is opened', () => {
    expect(() => typed('int32', [2 ** 16, 2 ** 17], packed(5, [1, -7]))).toThrow(/asks for 8589934592 elements/);
  });

  test('a count that does not fit the shape is an error that names the tensor', () => {
    expect(() => typed('int32', [3], packed(5, [1, 2]))).toThrow(
      'tensor "t": its shape asks for 3 elements, 2 are stored',
    );
    const large = typed('int32', [3000], packed(5, new Array<number>(2000).fill(300)));
    expect(() => readTensor(large)).toThrow('tensor "t": its shape asks for 3000 elements, 2000 are stored');
  });

  test('a dtype in the field of another is an error', () => {
    expect(() => typed('float32', [1], packed(5, [1]))).toThrow(
      'tensor "t": float32 elements lie in field 5 instead of 4',
    );
  });

  test('a tensor split over two records of its message is one tensor', () => {
    // A node's attribute whose tensor comes in two parts: protobuf joins them.
    const first = bytesField(5, varintField(1, 2), varintField(2, 6), packed(5, [1]));
    const second = bytesField(5, packed(5, [2]), textField(8, 'joined'));
    const attribute = bytesField(5, textField(1, 'value'), varintField(20, 4), first, second);
    const model = modelFromBytes(modelBytes(bytesField(1, textField(4, 'Constant'), textField(2, 'y'), attribute)));
    const value = model.graph.nodes[0]?.attributes.get('value');
    if (value?.type !== 'tensor') throw new Error('no tensor');
    expect(value.value.name).toBe('joined');
    expect(readTensor(value.value).data).toEqual(Int32Array.of(1, 2));
  });

  test('a graph split over two records is one graph', () => {
    const model = modelFromBytes(
      joined(
        modelBytes(initializer('a', [1], 6, packed(5, [1]))),
        bytesField(7, initializer('b', [1], 6, packed(5, [2])), textField(2, 'whole')),
      ),
    );
    expect([...model.graph.initializers.keys()]).toEqual(['a', 'b']);
    expect(model.graph.name).toBe('whole');
  });
});
