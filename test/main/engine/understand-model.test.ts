import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { engineCalls, unwatched } from '../../../src-main/contract';
import {
  understandDifference,
  understandKernels,
  understandNodes,
  understandTimes,
} from '../../../src-main/engine/understand-model';
import { inspectModel } from '../../../src-main/inspect';
import { writeModel } from '../../../src-main/onnx/file';
import { makeNode } from '../../../src-main/onnx/ir';
import { temporaryFolder } from '../../support/folder';
import { modelFromText } from '../../support/model-from-text';
import { digits } from '../../support/shell';

const model = join(digits, 'model.onnx');
const models = fileURLToPath(new URL('../../models', import.meta.url));

describe('understanding a model', () => {
  it('takes sizes from the data, and runs its samples', async () => {
    const report = await understandNodes({ model, data: digits, dims: {} }, unwatched());
    expect(report.dims).toEqual({ batch: 1 });
    expect(report.macs).toBeGreaterThan(1e6);
    expect(report.observedOn).toBe(digits);
    expect(report.leftOut).toBe(0);
  });

  it.each([
    'emoji-resnet/model',
    'emoji-resnet/model-bn',
    'glyph-vit/model',
    'langid-transformer/model',
    'langid-transformer/model-fp16',
  ])('leaves no value of %s without a shape, and counts what the summary counts', async (name) => {
    const path = join(models, `${name}.onnx`);
    const report = await understandNodes({ model: path, data: dirname(path), dims: {} }, unwatched());
    expect(report.values.unknown).toBe(0);
    expect(report.peak).not.toBeNull();
    const { macs, parameters } = await inspectModel(path, { dims: report.dims });
    expect({ macs, parameters }).toEqual({ macs: report.macs, parameters: report.parameters });
    expect(macs).toBeGreaterThan(1e6);
  });

  it('profiles on the data with the batch asked for', async () => {
    const params = engineCalls.profile.params.parse({ model, data: digits, batch: 4, runs: 2 });
    const report = await understandTimes(params, unwatched());
    expect(report).toMatchObject({ data: digits, batch: 4, runs: 2, threads: 1 });
    expect(report.kernels[0]?.milliseconds).toBeGreaterThan(0);
    expect((await understandKernels({ model }, unwatched())).kernels).toHaveLength(report.kernels.length);
  });

  it('cuts long lists to what a message carries, and says by how much', async () => {
    const path = join(temporaryFolder(), 'long.onnx');
    const long = modelFromText('g (float[2] x) => (float[2] y) { y = Relu (x) }');
    const nodes = Array.from({ length: 6000 }, (_, at) =>
      makeNode('Neg', `node_with_a_rather_long_name_${at}`, [at === 0 ? 'x' : `v${at - 1}`], [`v${at}`]),
    );
    const last = makeNode('Relu', 'last', ['v5999'], ['y']);
    await writeModel({ ...long, graph: { ...long.graph, nodes: [...nodes, last] } }, path);
    const report = await understandNodes({ model: path, data: null, dims: {} }, unwatched());
    expect(report.nodes.length + report.leftOut).toBe(6001);
    expect(report.leftOut).toBeGreaterThan(0);
    expect(JSON.stringify(report).length).toBeLessThan(1024 * 1024);
    // Sums are over all nodes.
    expect(report.ops.find(({ op }) => op === 'Neg')?.nodes).toBe(6000);
    const diff = await understandDifference({ before: model, after: path }, unwatched());
    expect(diff.added.length + diff.leftOut).toBeGreaterThanOrEqual(6001);
    expect(JSON.stringify(diff).length).toBeLessThan(1024 * 1024);
  });
});
