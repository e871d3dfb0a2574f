import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hashModel } from '../../../src-main/onnx/file';
import type { Model } from '../../../src-main/onnx/ir';
import { mapWeights } from '../../../src-main/quantize/map-weights';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';

const workDir = mkdtempSync(join(tmpdir(), 'lathe-map-weights-'));
afterAll(() => rmSync(workDir, { recursive: true }));

const chain = (size: number): Model =>
  modelFromText(`g (float[N,${size}] x) => (float[N,${size}] y) { h = MatMul(x, a) y = MatMul(h, b) }`, [
    randomTensor('a', [size, size], 1, 0.1),
    randomTensor('b', [size, size], 2, 0.1),
  ]);

describe('mapWeights', () => {
  it('puts weights of 1 MB and more into a file, and changes nothing else', async () => {
    const model = chain(384); // twice 0.6 MB
    const mapped = await mapWeights(model, workDir);
    expect([...mapped.graph.initializers.values()].map(({ data }) => data.kind)).toEqual(['file', 'file']);
    // What was seen of the one model is known of the other.
    expect(hashModel(mapped)).toBe(hashModel(model));
    await expectSameOutputs(model, mapped, { tolerance: 0 });
  });

  it('leaves less than that in memory', async () => {
    const before = readdirSync(workDir).length;
    const model = chain(64);
    expect(await mapWeights(model, workDir)).toBe(model);
    expect(readdirSync(workDir).length).toBe(before);
  });
});
