import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LatheError } from '../../../../src-main/contract';
import { modelFromBytes, modelText, readModel, skeletonBytes, writeModel } from '../../../../src-main/onnx/file';
import type { Model } from '../../../../src-main/onnx/ir';
import { temporaryFolder } from '../../../support/folder';
import { expectSameOutputs } from '../../../support/model-from-text';
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

const root = fileURLToPath(new URL('../../../', import.meta.url));
const files = ['models', 'samples', 'golden']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, String(name))))
  .filter((name) => name.endsWith('.onnx'));

async function roundTrip(bytes: Uint8Array): Promise<{ first: Model; second: Model; written: Uint8Array }> {
  const folder = temporaryFolder();
  const [from, to] = [join(folder, 'from.onnx'), join(folder, 'to.onnx')];
  writeFileSync(from, bytes);
  const first = await readModel(from);
  await writeModel(first, to);
  return { first, second: await readModel(to), written: readFileSync(to) };
}

/** Every word and every weight of a model, the latter by their hash. */
const picture = (model: Model) => modelText(model, { maxElements: 16 });

describe('a round trip', () => {
  test.each(files)('of %s changes nothing', async (file) => {
    const model = await readModel(join(root, file));
    for (const externalData of ['never', 'always'] as const) {
      const path = join(temporaryFolder(), basename(file));
      await writeModel(model, path, { externalData });
      const again = await readModel(path);
      expect(picture(again)).toBe(picture(model));
    }
  });

  test('gives the same outputs, to the bit', async () => {
    const path = join(temporaryFolder(), 'm.onnx');
    const model = await readModel(join(root, 'models/mnist-cnn/model-qdq.onnx'));
    await writeModel(model, path);
    await expectSameOutputs(model, await readModel(path));
  });

  test('of a written file gives the same bytes', async () => {
    const { written } = await roundTrip(readFileSync(join(root, 'models/glyph-vit/model.onnx')));
    expect(Buffer.from((await roundTrip(written)).written).equals(Buffer.from(written))).toBe(true);
  });

  /** One of everything that the model in memory has no word for. */
  const unknown = (name: string) =>
    joined(bytesField(1000, new TextEncoder().encode(name)), varintField(1001, 2n ** 63n));
  const entry = (field: number, key: string) => bytesField(field, textField(1, key), textField(2, `${key} value`));
  const tensor = joined(varintField(1, 1), varintField(2, 1), floatField(4, 2));
  const typeProto = joined(
    bytesField(
      1,
      varintField(1, 1),
      bytesField(2, bytesField(1, varintField(1, 3), textField(3, 'DATA_CHANNEL')), bytesField(1)),
    ),
    textField(6, 'IMAGE'),
  );

  test.each<[string, Uint8Array, string[]]>([
    [
      'unknown fields of a later version',
      joined(
        unknown('of model'),
        modelBytes(
          unknown('of graph'),
          bytesField(1, textField(4, 'Relu'), unknown('of node')),
          initializer('w', [1], 1, floatField(4, 1), unknown('of tensor')),
          bytesField(11, textField(1, 'x'), unknown('of value')),
        ),
      ),
      ['of model', 'of graph', 'of node', 'of tensor', 'of value'],
    ],
    [
      'metadata',
      joined(
        entry(14, 'model'),
        modelBytes(
          entry(16, 'graph'),
          bytesField(1, textField(4, 'Relu'), entry(9, 'node')),
          bytesField(11, textField(1, 'x'), entry(4, 'value')),
          initializer('w', [1], 1, floatField(4, 1), entry(16, 'tensor')),
        ),
      ),
      ['model value', 'graph value', 'node value', 'value value', 'tensor value'],
    ],
    [
      'doc strings',
      joined(
        textField(6, 'of model'),
        modelBytes(
          textField(10, 'of graph'),
          bytesField(
            1,
            textField(4, 'Relu'),
            textField(6, 'of node'),
            bytesField(5, textField(1, 'a'), textField(13, 'of attribute'), varintField(20, 2), varintField(3, 1)),
          ),
          initializer('w', [1], 1, floatField(4, 1), textField(12, 'of tensor')),
          bytesField(11, textField(1, 'x'), textField(3, 'of value')),
        ),
      ),
      ['of model', 'of graph', 'of node', 'of attribute', 'of tensor', 'of value'],
    ],
    [
      'denotations of types',
      modelBytes(bytesField(11, textField(1, 'x'), bytesField(2, typeProto))),
      ['DATA_CHANNEL', 'IMAGE'],
    ],
    [
      'an opaque type',
      modelBytes(
        bytesField(
          11,
          textField(1, 'x'),
          bytesField(2, bytesField(7, textField(1, 'some.domain'), textField(2, 'Thing'))),
        ),
      ),
      ['some.domain', 'Thing'],
    ],
    [
      'quantization annotations',
      modelBytes(bytesField(14, textField(1, 'annotated'), entry(2, 'SCALE_TENSOR'))),
      ['annotated', 'SCALE_TENSOR value'],
    ],
    [
      'training graphs',
      joined(
        modelBytes(),
        bytesField(
          20,
          bytesField(2, textField(2, 'trainer'), initializer('rate', [1], 1, floatField(4, 1))),
          entry(4, 'update'),
        ),
      ),
      ['trainer', 'rate', 'update value'],
    ],
    [
      'device configurations',
      joined(
        modelBytes(bytesField(1, textField(4, 'Relu'), bytesField(10, textField(1, 'first gpu')))),
        bytesField(26, textField(1, 'devices')),
      ),
      ['first gpu', 'devices'],
    ],
    [
      'lists of types and of sparse tensors',
      modelBytes(
        bytesField(
          1,
          textField(4, 'Odd'),
          bytesField(
            5,
            textField(1, 'types'),
            varintField(20, 14),
            bytesField(15, bytesField(1, varintField(1, 7)), textField(6, 'first type')),
          ),
          bytesField(
            5,
            textField(1, 'sparse'),
            varintField(20, 12),
            bytesField(23, bytesField(1, tensor, textField(8, 'sparse values')), bytesField(2, tensor)),
          ),
        ),
      ),
      ['first type', 'sparse values'],
    ],
    [
      'a group',
      modelBytes(joined(varint(900 * 8 + 3), textField(1, 'in a group'), varint(900 * 8 + 4))),
      ['in a group'],
    ],
  ])('keeps %s', async (_, bytes, words) => {
    const { written } = await roundTrip(bytes);
    const text = Buffer.from(written).toString('latin1');
    for (const word of words) expect(text).toContain(word);
    expect(Buffer.from((await roundTrip(written)).written).equals(Buffer.from(written))).toBe(true);
  });

  test('a value that is given another type loses the old one with its denotations', async () => {
    const { first } = await roundTrip(modelBytes(bytesField(11, textField(1, 'x'), bytesField(2, typeProto))));
    const inputs = first.graph.inputs.map((value) => ({
      ...value,
      type: { kind: 'tensor', dtype: 'int8', shape: [5] } as const,
    }));
    const path = join(temporaryFolder(), 'm.onnx');
    await writeModel({ ...first, graph: { ...first.graph, inputs } }, path);
    expect((await readModel(path)).graph.inputs).toEqual([
      { name: 'x', type: { kind: 'tensor', dtype: 'int8', shape: [5] } },
    ]);
  });
});

describe('what the model in memory promises', () => {
  const node = (opType: string, inputs: string[], outputs: string[], name = '') =>
    bytesField(
      1,
      ...inputs.map((it) => textField(1, it)),
      ...outputs.map((it) => textField(2, it)),
      textField(4, opType),
      textField(3, name),
    );

  test('names are there and unique', () => {
    const { nodes } = modelFromBytes(
      modelBytes(
        node('Relu', [], ['a']),
        node('Relu', [], ['b'], 'same'),
        node('Relu', [], ['c'], 'same'),
        node('Abs', [], ['d'], 'Relu_0'),
        node('Abs', [], ['e'], 'same_1'),
      ),
    ).graph;
    expect(nodes.map(({ name }) => name)).toEqual(['Relu_0_1', 'same', 'same_2', 'Relu_0', 'same_1']);
  });

  test('nodes are sorted, and a ring is named', () => {
    const sorted = modelFromBytes(modelBytes(node('Abs', ['b'], ['c']), node('Abs', ['a'], ['b']))).graph;
    expect(sorted.nodes.map(({ outputs }) => outputs)).toEqual([['b'], ['c']]);
    const ring = modelBytes(node('Abs', ['b'], ['a'], 'one'), node('Abs', ['a'], ['b'], 'two'), textField(2, 'g'));
    expect(() => modelFromBytes(ring)).toThrow(
      'graph "g": nodes form a ring: one → two (model); the file may be cut off or damaged',
    );
  });

  test('ai.onnx and the empty domain are one', () => {
    const bytes = joined(
      bytesField(8, textField(1, 'ai.onnx'), varintField(2, 17)),
      bytesField(7, bytesField(1, textField(4, 'Relu'), textField(7, 'ai.onnx'))),
    );
    const model = modelFromBytes(bytes);
    expect(model.opsets).toEqual(new Map([['', 17]]));
    expect(model.graph.nodes[0]?.domain).toBe('');
  });

  test('a version or a size that no number holds is damage, or unknown', () => {
    const whole = bytesField(7, textField(2, 'g'));
    const beyond = 2n ** 63n - 1n;
    expect(() => modelFromBytes(joined(whole, bytesField(8, varintField(2, beyond))))).toThrow(
      'model: the version of operators "ai.onnx" is 9223372036854775807; the file may be cut off or damaged',
    );
    expect(() => modelFromBytes(joined(varintField(1, beyond), whole))).toThrow(
      'model: its IR version is 9223372036854775807',
    );
    const dim = bytesField(1, varintField(1, beyond));
    const input = bytesField(
      11,
      textField(1, 'x'),
      bytesField(2, bytesField(1, varintField(1, 1), bytesField(2, dim))),
    );
    const model = modelFromBytes(bytesField(7, textField(2, 'g'), input));
    expect(model.graph.inputs[0]?.type).toEqual({ kind: 'tensor', dtype: 'float32', shape: [null] });
    const again = modelFromBytes(skeletonBytes(model, { folder: temporaryFolder }).bytes);
    expect(modelText(again)).toBe(modelText(model));
  });

  test('an attribute without a type has that of its value', () => {
    const attributes = [
      bytesField(5, textField(1, 'axis'), varintField(3, -1)),
      bytesField(5, textField(1, 'zero'), varintField(3, 0)),
      bytesField(5, textField(1, 'alpha'), floatField(2, 0.5)),
      bytesField(5, textField(1, 'pads'), varintField(8, 1), varintField(8, 2)),
      bytesField(5, textField(1, 'mode'), textField(4, 'same')),
    ];
    const { nodes } = modelFromBytes(modelBytes(bytesField(1, textField(4, 'Old'), ...attributes))).graph;
    expect(nodes[0]?.attributes).toEqual(
      new Map<string, unknown>([
        ['axis', { type: 'int', value: -1n }],
        ['zero', { type: 'int', value: 0n }],
        ['alpha', { type: 'float', value: 0.5 }],
        ['pads', { type: 'ints', value: [1n, 2n] }],
        ['mode', { type: 'string', value: new TextEncoder().encode('same') }],
      ]),
    );
  });

  test('dims of -1 and without a name are unknown', () => {
    const dim = (...body: Uint8Array[]) => bytesField(1, ...body);
    const shape = bytesField(
      2,
      dim(varintField(1, -1)),
      dim(textField(2, '')),
      dim(),
      dim(textField(2, 'N')),
      dim(varintField(1, 0)),
    );
    const { inputs } = modelFromBytes(
      modelBytes(bytesField(11, textField(1, 'x'), bytesField(2, bytesField(1, varintField(1, 1), shape)))),
    ).graph;
    expect(inputs[0]?.type).toEqual({ kind: 'tensor', dtype: 'float32', shape: [null, null, null, 'N', 0] });
  });

  test('a model that is opened through a link maps its weights from where they are', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'store'));
    mkdirSync(join(folder, 'seen'));
    writeFileSync(join(folder, 'store', 'blob'), readFileSync(join(root, 'models/mnist-cnn/model-bn.onnx')));
    symlinkSync(join(folder, 'store', 'blob'), join(folder, 'seen', 'model.onnx'));
    await expectSameOutputs(
      await readModel(join(root, 'models/mnist-cnn/model-bn.onnx')),
      await readModel(join(folder, 'seen', 'model.onnx')),
    );
  });
});

describe('a bad file', () => {
  const whole = readFileSync(join(root, 'models/mnist-cnn/model-qdq.onnx'));

  test('cut off anywhere is one clear error', () => {
    let refused = 0;
    for (let length = 1; length < whole.length; length += 97) {
      try {
        modelFromBytes(whole.subarray(0, length), 'cut.onnx');
      } catch (error) {
        expect(error).toBeInstanceOf(LatheError);
        expect((error as Error).message).toMatch(/^cut.onnx: not a(n| readable) ONNX model: .*\bexport/);
        refused++;
      }
    }
    // Only a cut between the records of the model itself leaves something whole, and its graph is one record.
    expect(refused).toBeGreaterThan(whole.length / 97 - 4);
  });

  test.each<[string, string | Uint8Array, string]>([
    ['an empty file', '', 'm.onnx: is empty; export or download it again'],
    ['a text', 'hello world\n', 'm.onnx: not a readable ONNX model: '],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n', 'is a Git LFS pointer'],
    ['a PyTorch checkpoint', 'PK\x03\x04rest', 'is a ZIP archive'],
    ['a TensorFlow Lite model', '\x1c\0\0\0TFL3', 'is a TensorFlow Lite model'],
    ['a model in ORT format', '\x1c\0\0\0ORTM', 'is an onnxruntime model in ORT format'],
    ['HDF5', Uint8Array.of(0x89, 0x48, 0x44, 0x46), 'is an HDF5 file'],
    ['GGUF', 'GGUF\x03', 'is a GGUF model'],
    ['a pickle', Uint8Array.of(0x80, 2, 0x7d), 'is a Python pickle'],
    ['safetensors', '\x10\0\0\0\0\0\0\0{"w":{}}', 'is a safetensors file'],
    ['a web page', '<!DOCTYPE html><html>', 'is a web page'],
    ['protobuf without a graph', varintField(1, 8), 'm.onnx: not an ONNX model: it has no graph'],
    [
      'an unknown element type',
      modelBytes(initializer('w', [1], 99, floatField(4, 1))),
      'tensor "w": its element type 99 is unknown (m.onnx); it may come from a later version',
    ],
    ['a negative dim', modelBytes(initializer('w', [-1], 1)), 'tensor "w": one of its dims is -1'],
    [
      'more elements than numbers can say',
      modelBytes(initializer('w', [2 ** 40, 2 ** 40], 1)),
      'has too many elements',
    ],
    [
      'a sparse tensor of a negative size',
      modelBytes(
        bytesField(
          15,
          bytesField(1, varintField(2, 1), floatField(4, 1), textField(8, 'thin')),
          bytesField(2, varintField(2, 7), varintField(7, 0)),
          varintField(3, -4),
        ),
      ),
      'sparse tensor "thin": one of its dims is -4',
    ],
    [
      'a sparse tensor without values',
      modelBytes(bytesField(15, varintField(3, 4))),
      'sparse tensor: lacks its values or its indices',
    ],
  ])('%s is refused', async (_, content, message) => {
    const path = join(temporaryFolder(), 'm.onnx');
    writeFileSync(path, content);
    await expect(readModel(path)).rejects.toThrow(message);
  });

  test('a missing file, a folder and a pipe are refused', async () => {
    const folder = temporaryFolder();
    await expect(readModel(join(folder, 'gone.onnx'))).rejects.toThrow('gone.onnx: no such file');
    await expect(readModel(folder)).rejects.toThrow('cannot be opened: it is not a file');
    await expect(readModel('/dev/null')).rejects.toThrow('null: cannot be opened: it is not a file');
  });
});
