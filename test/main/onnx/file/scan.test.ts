import { describe, expect, test } from 'vitest';
import { memorySource } from '../../../../src-main/onnx/file/byte-source';
import { scanLimits, scanModel } from '../../../../src-main/onnx/file/scan';
import { bytesField, initializer, joined, modelBytes, textField, varint, varintField } from '../../../support/wire';

const scan = (bytes: Uint8Array) => scanModel(memorySource('m.onnx', bytes));
const raw = (length: number) => bytesField(9, new Uint8Array(length).fill(7));

describe('scanModel', () => {
  test('leaves payloads where they are and says where that is', () => {
    const bytes = modelBytes(initializer('w', [2, 3], 1, raw(5000)), initializer('v', [1], 1, raw(4)));
    const { payloads, skeleton } = scan(bytes);
    expect(payloads.map(({ field, packed, length }) => ({ field, packed, length }))).toEqual([
      { field: 9, packed: true, length: 5000 },
      { field: 9, packed: true, length: 4 },
    ]);
    const offset = payloads[0]?.offset ?? 0;
    expect(bytes.subarray(offset, offset + 5000).every((byte) => byte === 7)).toBe(true);
    expect(payloads[0]?.bytes).toBeNull();
    expect(payloads[1]?.bytes).toEqual(new Uint8Array(4).fill(7));
    expect(skeleton.length).toBeLessThan(100);
  });

  test('never asks a source for more than its window, whatever the size of the tensors', () => {
    const bytes = modelBytes(initializer('w', [1], 1, raw(3_000_000)), textField(2, 'name'));
    let read = 0;
    const source = memorySource('m', bytes);
    scanModel({
      ...source,
      read: (offset, length) => {
        read += length;
        return source.read(offset, length);
      },
    });
    expect(read).toBeLessThanOrEqual(2 * 65_536);
  });

  test('finds tensors in attributes, bodies, functions, training graphs and sparse tensors', () => {
    const tensor = joined(varintField(2, 1), raw(2000));
    const attribute = bytesField(5, textField(1, 'value'), bytesField(5, tensor));
    const node = bytesField(1, attribute);
    const body = bytesField(1, bytesField(5, bytesField(6, node), bytesField(11, node)));
    const sparse = bytesField(15, bytesField(1, tensor), bytesField(2, tensor));
    const functionProto = bytesField(25, bytesField(7, attribute), bytesField(11, bytesField(5, tensor)));
    const training = bytesField(20, bytesField(1, bytesField(5, tensor)), bytesField(2, bytesField(5, tensor)));
    const { payloads } = scan(joined(modelBytes(node, body, sparse), functionProto, training));
    expect(payloads).toHaveLength(1 + 2 + 2 + 2 + 2);
  });

  test('takes a run of unpacked elements as one payload', () => {
    const ints = [1, 300, -1].map((value) => varintField(5, value));
    const { payloads } = scan(modelBytes(initializer('w', [3], 6, ...ints)));
    expect(payloads.map(({ field, packed, length }) => ({ field, packed, length }))).toEqual([
      { field: 5, packed: false, length: 2 + 3 + 11 },
    ]);
  });

  test('offsets beyond 4 GiB are exact', () => {
    // A file of which only the first and last bytes are ever asked for.
    const gap = 5 * 2 ** 30;
    const tail = joined(textField(8, 'w'));
    const tensorLength = 1 + varint(gap).length + gap + tail.length;
    const graphLength = 1 + varint(tensorLength).length + tensorLength;
    const head = joined([0x3a], varint(graphLength), [0x2a], varint(tensorLength), [0x4a], varint(gap));
    const length = head.length + gap + tail.length;
    const at = (offset: number): number => {
      if (offset < head.length) return head[offset] as number;
      return offset >= head.length + gap ? (tail[offset - head.length - gap] as number) : 0;
    };
    const { payloads } = scanModel({
      name: 'large.onnx',
      length,
      read: (offset, count) => Uint8Array.from({ length: count }, (_, index) => at(offset + index)),
      refer: (offset, count) => ({
        kind: 'file',
        file: 'large.onnx',
        stamp: { bytes: length, modifiedMs: 0 },
        offset,
        length: count,
      }),
    });
    expect(payloads).toEqual([{ field: 9, packed: true, offset: head.length, length: gap, bytes: null }]);
  });

  const nested = (depth: number): Uint8Array => {
    let node = bytesField(1, textField(4, 'If'));
    for (let level = 0; level < depth; level++) node = bytesField(1, bytesField(5, bytesField(6, node)));
    return node;
  };

  test.each<[string, Uint8Array, string]>([
    [
      'a length beyond its message',
      joined([0x3a, 5, 0x12, 9, 65, 66, 67]),
      'a field claims 9 bytes where 3 are left (byte 4 of 7 in graph)',
    ],
    [
      'a length beyond the file',
      joined([0x3a], varint(2 ** 40)),
      'a field claims 1099511627776 bytes where 0 are left',
    ],
    ['a length of 2^64 - 1', joined([0x3a], varint(-1)), 'a field claims 18446744073709552000 bytes'],
    ['a number of more than ten bytes', joined([0x08], new Array(11).fill(0x80)), 'a number has more than ten bytes'],
    ['a number that is cut off', Uint8Array.of(0x08, 0x80), 'a number is cut off (byte 2 of 2)'],
    ['field number 0', Uint8Array.of(0x02, 0), 'field number 0 does not exist'],
    ['wire type 7', Uint8Array.of(0x0f, 0), 'field ir_version has wire type 7'],
    ['an unknown field of wire type 6', joined(varint(99 * 8 + 6), [0]), 'wire type 6 cannot stand here'],
    ['a graph that is a number', Uint8Array.of(0x38, 1), 'field graph has wire type 0 instead of 2'],
    ['a group that does not end', joined(varint(99 * 8 + 3), varintField(1, 1)), 'group 99 does not end'],
    ['a group that ends as another', joined(varint(99 * 8 + 3), varint(98 * 8 + 4)), 'group 99 ends as group 98'],
    ['groups without end', joined(...new Array(200).fill(varint(99 * 8 + 3))), 'groups are nested more than 100 deep'],
    ['bodies in bodies', modelBytes(nested(40)), 'messages are nested more than 100 deep'],
    [
      "a tensor with protobuf's own field number",
      modelBytes(initializer('w', [1], 1, varintField(19_777, 0))),
      'uses field number 19777',
    ],
  ])('%s is refused with its place', (_, bytes, message) => {
    expect(() => scan(bytes)).toThrow('m.onnx: not a readable ONNX model: ');
    expect(() => scan(bytes)).toThrow(message);
  });

  test('thirty bodies in each other are still read', () => {
    expect(scan(modelBytes(nested(30))).skeleton.length).toBeGreaterThan(0);
  });

  test('more records, or more bytes beside tensors, than could be held are refused', () => {
    const nodes = modelBytes(...new Array(200).fill(bytesField(1)));
    const source = memorySource('m.onnx', nodes);
    expect(() => scanModel(source, { ...scanLimits, records: 100 })).toThrow('holds more than 100 records');
    const text = memorySource('m.onnx', modelBytes(textField(10, 'x'.repeat(50_000))));
    expect(() => scanModel(text, { ...scanLimits, skeletonBytes: 40_000 })).toThrow('holds more than 40000 bytes');
  });
});
