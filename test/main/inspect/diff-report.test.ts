import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { diffReportSchema, unwatched } from '../../../src-main/contract';
import { diffReport } from '../../../src-main/inspect';

const models = fileURLToPath(new URL('../../models/mnist-cnn', import.meta.url));

it('sums differences by operator and holds none back', async () => {
  const [before, after] = [join(models, 'model-bn.onnx'), join(models, 'model-qdq.onnx')];
  const report = diffReportSchema.parse(await diffReport(before, after, unwatched()));
  const total = (kind: 'added' | 'removed' | 'changed') => report.ops.reduce((sum, op) => sum + op[kind], 0);
  for (const kind of ['added', 'removed', 'changed'] as const) expect(total(kind), kind).toBe(report[kind].length);
  const told = report.carriers.reduce((sum, { added, removed }) => sum + added - removed, 0);
  const replaced = report.replaced.reduce((sum, { before, after }) => sum + after.length - before.length, 0);
  const difference = report.added.length - report.removed.length + told + replaced;
  expect(report.before.nodes + difference).toBe(report.after.nodes);
  expect(report.after.weightBytes).toBeLessThan(report.before.weightBytes / 3);
  expect(report.weights.find(({ name }) => name === 'c1.weight')?.after).toBe('int8 [16, 1, 5, 5]');
  expect(report.ops.find(({ op }) => op === 'BatchNormalization')?.removed).toBeGreaterThan(0);
  expect(report.carriers.find(({ op }) => op === 'DequantizeLinear')?.added).toBeGreaterThan(0);
  expect(report.matched).toBe(report.same + report.changed.length);
});
