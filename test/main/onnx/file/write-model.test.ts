import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { hashModelFile, readModel, readTensor, skeletonBytes, writeModel } from '../../../../src-main/onnx/file';
import { attributes, floatTensor, type Model, makeNode, makeValue } from '../../../../src-main/onnx/ir';

const folder = mkdtempSync(join(tmpdir(), 'lathe-write-'));
afterAll(() => rmSync(folder, { recursive: true }));

const weights = Float32Array.from({ length: 1024 }, (_, index) => index / 7);

/** y = Gemm(x, w) with a weight of 4 KB. */
function gemmModel(): Model {
  return {
    irVersion: 10,
    opsets: new Map([['', 20]]),
    producerName: 'lathe',
    producerVersion: '1',
    domain: '',
    modelVersion: 0n,
    docString: '',
    metadata: new Map([['author', 'nobody']]),
    graph: {
      name: 'g',
      nodes: [makeNode('Gemm', 'gemm', ['x', 'w'], ['y'], { transB: attributes.int(1) })],
      inputs: [makeValue('x', 'float32', ['batch', 32])],
      outputs: [makeValue('y', 'float32', ['batch', 32])],
      initializers: new Map([['w', floatTensor('w', [32, 32], weights)]]),
      sparseInitializers: [],
      values: new Map(),
    },
    functions: [],
    folder: null,
  };
}

describe('writeModel', () => {
  test.each(['never', 'always'] as const)('a model with external data %s reads back the same', async (externalData) => {
    const path = join(folder, `${externalData}.onnx`);
    const file = await writeModel(gemmModel(), path, { externalData });
    expect(file).toEqual(await hashModelFile(path));
    expect(file.externalData).toEqual(externalData === 'always' ? [`${externalData}.onnx.data`] : []);
    const model = await readModel(path);
    const w = model.graph.initializers.get('w');
    expect(w?.data.kind).toBe('file');
    expect(w === undefined ? null : readTensor(w).data).toEqual(weights);
    expect(model.graph.inputs).toEqual(gemmModel().graph.inputs);
    expect(model.metadata).toEqual(new Map([['author', 'nobody']]));
    expect(model.graph.nodes[0]?.attributes.get('transB')).toEqual({ type: 'int', value: 1n });
  });

  test('the same model gives the same bytes', async () => {
    await writeModel(gemmModel(), join(folder, 'first.onnx'));
    await writeModel(gemmModel(), join(folder, 'second.onnx'));
    expect(readFileSync(join(folder, 'first.onnx'))).toEqual(readFileSync(join(folder, 'second.onnx')));
  });

  test('leaves no temporary file', async () => {
    await writeModel(gemmModel(), join(folder, 'clean.onnx'), { externalData: 'always' });
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a session is made from 200 bytes and the folder of the weights', async () => {
    const file = await writeModel(gemmModel(), join(folder, 'session.onnx'));
    const skeleton = skeletonBytes(await readModel(file.path));
    expect(skeleton.folder).not.toBeNull();
    expect(skeleton.bytes.length).toBeLessThan(300);
  });
});
