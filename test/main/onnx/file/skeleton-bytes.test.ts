import { appendFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModel, readTensor, readTensorBytes, skeletonBytes, writeModel } from '../../../../src-main/onnx/file';
import { attributes, type Model, makeNode, type Tensor } from '../../../../src-main/onnx/ir';
import { temporaryFolder } from '../../../support/folder';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';

const gemm = () =>
  modelFromText('g (float[batch, 32] x) => (float[batch, 32] y) { [gemm] y = Gemm <transB = 1> (x, w) }', [
    randomTensor('w', [32, 32], 1),
  ]);

/** The same weight as a Constant, in a body of an If, in a function, and as what an If captures. */
const places: Readonly<Record<string, () => Model>> = {
  initializer: gemm,
  constant: () => {
    const model = modelFromText('g (float[b, 32] x) => (float[b, 32] y) { [gemm] y = Gemm (x, w) }');
    const constant = makeNode('Constant', 'c', [], ['w'], { value: attributes.tensor(randomTensor('', [32, 32], 1)) });
    return { ...model, graph: { ...model.graph, nodes: [constant, ...model.graph.nodes] } };
  },
  body: () => {
    const branch = (name: string) => {
      const { graph } = modelFromText(
        `${name} () => (float[b, 32] ${name}_y) { [gemm] ${name}_y = Gemm (x, ${name}_w) }`,
        [randomTensor(`${name}_w`, [32, 32], name.length)],
      );
      return attributes.graph(graph);
    };
    const model = modelFromText('g (float[b, 32] x, bool c) => (float[b, 32] y) { }');
    const node = makeNode('If', 'if', ['c'], ['y'], { then_branch: branch('then'), else_branch: branch('other') });
    return { ...model, graph: { ...model.graph, nodes: [node] } };
  },
  'function constant': () => {
    const model = modelFromText(`
      <ir_version: 10, opset_import: ["": 21, "local": 1]>
      g (float[b, 32] x) => (float[b, 32] y) { [call] y = local.f (x) }
      <domain: "local", opset_import: ["": 21]>
      f (a) => (r) { [gemm] r = Gemm (a, w) }`);
    const constant = makeNode('Constant', 'c', [], ['w'], { value: attributes.tensor(randomTensor('', [32, 32], 1)) });
    const functions = model.functions.map((it) => ({ ...it, nodes: [constant, ...it.nodes] }));
    return { ...model, functions };
  },
};

const noSpill = {
  folder: (): string => {
    throw new Error('no weight should have been spilled');
  },
};

/** y = Gemm(Gemm(x, w), v) with w in a file and v derived, both twice as large as what is held. */
async function partlyDerived(): Promise<{ read: Model; held: number }> {
  const text = `g (float[batch, 32] x) => (float[batch, 32] y)
    { [first] z = Gemm <transB = 1> (x, w) [second] y = Gemm <transB = 1> (z, v) [third] t = Identity (v) }`;
  const inline = modelFromText(text, [randomTensor('w', [32, 32], 1), randomTensor('v', [32, 32], 2)]);
  const read = await readModel((await writeModel(inline, join(temporaryFolder(), 'model.onnx'))).path);
  const v = read.graph.initializers.get('v');
  if (v === undefined) throw new Error('no initializer');
  const derived = {
    ...v,
    data: { kind: 'derived' as const, length: 4096, read: (from: number, to: number) => readTensorBytes(v, from, to) },
  };
  return { read: withInitializer(read, derived), held: 2048 };
}

const withInitializer = (model: Model, tensor: Tensor): Model => ({
  ...model,
  graph: { ...model.graph, initializers: new Map([...model.graph.initializers, [tensor.name, tensor]]) },
});

describe('skeletonBytes', () => {
  test.each(Object.keys(places))(
    'a weight that is a(n) %s stays in the file, and a session finds it there',
    async (place) => {
      const made = (places[place] as () => Model)();
      for (const externalData of ['never', 'always'] as const) {
        const { path } = await writeModel(made, join(temporaryFolder(), 'model.onnx'), { externalData });
        const read = await readModel(path);
        const { bytes, folder } = skeletonBytes(read, noSpill);
        expect(folder).not.toBeNull();
        expect(bytes.length).toBeLessThan(800);
        await expectSameOutputs(made, read);
      }
    },
  );

  test('weights of two folders: those of the other folder come inline', async () => {
    const one = await readModel((await writeModel(gemm(), join(temporaryFolder(), 'one.onnx'))).path);
    const two = await readModel((await writeModel(gemm(), join(temporaryFolder(), 'two.onnx'))).path);
    const foreign = [...two.graph.initializers.values()].map((tensor) => ({ ...tensor, name: 'v' }))[0];
    if (foreign === undefined) throw new Error('no initializer');
    const both: Model = {
      ...one,
      graph: {
        ...one.graph,
        nodes: [
          makeNode('Gemm', 'first', ['x', 'w'], ['z'], { transB: attributes.int(1) }),
          makeNode('Gemm', 'second', ['z', 'v'], ['y'], { transB: attributes.int(1) }),
        ],
        initializers: new Map([...one.graph.initializers, ['v', foreign]]),
      },
    };
    const inline: Model = {
      ...both,
      graph: {
        ...both.graph,
        initializers: new Map([
          ['w', randomTensor('w', [32, 32], 1)],
          ['v', randomTensor('v', [32, 32], 1)],
        ]),
      },
    };
    expect(skeletonBytes(both, noSpill).bytes.length).toBeGreaterThan(4096);
    await expectSameOutputs(inline, both);
  });

  test('much that lies in no file goes to a temporary one, and files come in beside it without a copy', async () => {
    const { read, held } = await partlyDerived();
    const spillFolder = join(temporaryFolder(), 'spilled');
    const { bytes, folder } = skeletonBytes(read, { folder: () => spillFolder, heldBytes: held });
    expect(folder).toBe(spillFolder);
    expect(bytes.length).toBeLessThan(800);
    expect(readdirSync(spillFolder).sort()).toEqual(['linked-0.bin', 'weights.bin']);
    expect(statSync(join(spillFolder, 'linked-0.bin')).nlink).toBe(2);
    expect(statSync(join(spillFolder, 'weights.bin')).size).toBe(4096);
    writeFileSync(join(spillFolder, 'skeleton.onnx'), bytes);
    const through = await readModel(join(spillFolder, 'skeleton.onnx'));
    for (const [name, tensor] of read.graph.initializers)
      expect(readTensor(through.graph.initializers.get(name) as Tensor)).toEqual(readTensor(tensor));
  });

  test('where weights are spilled, a source file that has changed is noticed as well', async () => {
    const { read, held } = await partlyDerived();
    const { data } = read.graph.initializers.get('w') as Tensor;
    if (data.kind !== 'file') throw new Error('w is in no file');
    appendFileSync(data.file, 'more');
    const spill = { folder: temporaryFolder, heldBytes: held };
    expect(() => skeletonBytes(read, spill)).toThrow('model.onnx: changed on disk while it was in use');
  });

  test('a source file that has changed is noticed', async () => {
    const path = join(temporaryFolder(), 'model.onnx');
    await writeModel(gemm(), path);
    const model = await readModel(path);
    await writeModel(gemm(), path);
    expect(() => skeletonBytes(model, noSpill)).toThrow('model.onnx: changed on disk while it was in use');
  });
});
