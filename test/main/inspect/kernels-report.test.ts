import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { kernelsReportSchema, profileReportSchema, unwatched } from '../../../src-main/contract';
import { randomFeeds } from '../../../src-main/data/random-feeds';
import { kernelsReport, profileReport } from '../../../src-main/inspect';
import { readModel } from '../../../src-main/onnx/file';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const quantized = join(models, 'mnist-cnn/model-qdq.onnx');

describe('kernelsReport', () => {
  it('counts kernels by operator and precision, and the pairs at the edges', async () => {
    const report = kernelsReportSchema.parse(await kernelsReport(quantized));
    expect(report.ops.reduce((sum, { kernels }) => sum + kernels, 0)).toBe(report.kernels.length);
    expect(report.ops.find(({ op }) => op.endsWith('QLinearConv'))).toMatchObject({ precision: 'int8', kernels: 3 });
    expect(report.orphans).toEqual([]);
    expect(report.edgePairs).toBe(2);
    expect(report.runtime).toMatch(/^onnxruntime \d/);
  });
});

describe('profileReport', () => {
  it('gives the same kernels with their times, which the sums by operator share out', async () => {
    const model = await readModel(quantized);
    const feeds = randomFeeds(model, { dims: {}, batch: 1, seed: 1 });
    const run = { feeds, data: null, batch: 1, threads: 1, runs: 3 };
    const report = profileReportSchema.parse(await profileReport(quantized, model, run, unwatched()));
    const known = await kernelsReport(quantized);
    expect(report.kernels.map(({ name }) => name).sort()).toEqual(known.kernels.map(({ name }) => name).sort());
    const sum = (list: readonly { milliseconds: number }[]) => list.reduce((total, one) => total + one.milliseconds, 0);
    expect(sum(report.kernels)).toBeCloseTo(report.milliseconds, 9);
    expect(sum(report.ops)).toBeCloseTo(report.milliseconds, 9);
    const times = report.kernels.map(({ milliseconds }) => milliseconds);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(report.kernels.filter(({ precision }) => precision === 'int8').length).toBeGreaterThan(5);
  });
});
