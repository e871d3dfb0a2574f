import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { diffReportSchema } from '../../../src-main/contract';
import { diffReport } from '../../../src-main/inspect';

const models = fileURLToPath(new URL('../../models/mnist-cnn', import.meta.url));

it('sums differences by operator and holds none back', async () => {
  const [before, after] = [join(models, 'model-bn.onnx'), join(models, 'model-qdq.onnx')];
  const report = diffReportSchema.parse(await diffReport(before, after));
  const total = (kind: 'added' | 'removed' | 'changed') => report.ops.reduce((sum, op) => sum + op[kind], 0);
  for (const kind of ['added', 'removed', 'changed'] as const) expect(total(kind), kind).toBe(report[kind].length);
  expect(report.ops.find(({ op }) => op === 'BatchNormalization')?.removed).toBeGreaterThan(0);
  expect(report.ops.find(({ op }) => op === 'DequantizeLinear')?.added).toBeGreaterThan(0);
});
