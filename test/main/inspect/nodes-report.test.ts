import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodesReport } from '../../../src-main/inspect';
import { writeModel } from '../../../src-main/onnx/file';
import type { Feeds } from '../../../src-main/onnx/ir';
import { temporaryFolder } from '../../support/folder';
import { modelFromText } from '../../support/model-from-text';

/** What NonZero gives depends on the values that are fed. */
const chosen = modelFromText(
  `g (float[N, 3] x, bool k) => (int64[M, 2] y) <float[3, 2] w = {1, 2, 3, 4, 5, 6}> {
    [product] a = MatMul (x, w)
    [where] b = NonZero (a)
    [turn] y = Transpose (b)
    [branch] z = If (k) <
      then_branch = t () => (int64 p) { [inner] c = Cast <to = 1> (y) [square] d = MatMul (c, b_float) [size] p = Size (d) },
      else_branch = e () => (int64 r) { [count] r = Size (b) }
    >
    [float] b_float = Cast <to = 1> (b)
  }`.replace(/( {4}\[branch\][\s\S]*?>\n)( {4}\[float\].*\n)/, (_, branch: string, float: string) => float + branch),
);

async function written(): Promise<string> {
  const path = join(temporaryFolder(), 'model.onnx');
  await writeModel(chosen, path);
  return path;
}

describe('nodesReport', () => {
  it('says that shapes are open where nothing gives them', async () => {
    const report = await nodesReport(await written(), { dims: {}, run: null });
    expect(report.macs).toBeNull();
    expect(report.peak).toBeNull();
    expect(report.observedOn).toBeNull();
    expect(report.values.observed).toBe(0);
    expect(report.values.unknown).toBeGreaterThan(0);
    expect(report.notes).toContainEqual(expect.stringMatching(/one sample: N = 1/));
    const path = join(temporaryFolder(), 'square.onnx');
    await writeModel(modelFromText('g (float[N, N] x) => (float[N, N] y) { y = MatMul (x, x) }'), path);
    const open = await nodesReport(path, { dims: {}, run: null });
    expect(open.macs).toBeNull();
    expect(open.notes).toEqual(['Sizes of N are not given: give them, or data that has them.']);
  });

  it('tells what follows from the graph from what was seen in one run', async () => {
    const x = { dtype: 'float32', shape: [2, 3], data: new Float32Array([1, 0, 0, 0, 0, 0]) } as const;
    const random = (): Feeds => ({});
    const k = { dtype: 'bool', shape: [], data: new Uint8Array([1]) } as const;
    const report = await nodesReport(await written(), { dims: {}, run: { feeds: { x, k }, random, data: 'samples' } });
    const row = (name: string) => report.nodes.find((node) => node.name === name);
    expect(report.dims).toEqual({ N: 2 });
    expect(report.observedOn).toBe('samples');
    expect(row('product')).toMatchObject({ macs: 12, parameters: 6, output: { shape: [2, 2], from: 'inferred' } });
    // [[1, 2], [0, 0]] has two elements that are not zero.
    expect(row('where')?.output).toEqual({ name: 'b', type: 'int64', shape: [2, 2], from: 'observed' });
    // Inside a body it follows from what was seen outside.
    expect(row('square')).toMatchObject({ within: 'branch › then_branch', macs: 8, output: { from: 'observed' } });
    expect(row('count')?.within).toBe('branch › else_branch');
    expect(report.macs).toBe(12 + 8);
    expect(report.values.unknown).toBe(0);
    expect(report.ops[0]).toMatchObject({ op: 'MatMul', nodes: 2, macs: 20 });
  });
});
