import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../../src-main/onnx/file';
import { foldBatchNorm } from '../../../src-main/passes';
import { expectSameOutputs } from '../../support/model-from-text';

const models = fileURLToPath(new URL('../../models', import.meta.url));

describe('foldBatchNorm', () => {
  for (const [id, count] of [
    ['mnist-cnn', 3],
    ['emoji-resnet', 15],
  ] as const) {
    it(`folds the ${count} of ${id} and keeps the outputs; twice changes nothing`, async () => {
      const before = await readModel(join(models, id, 'model-bn.onnx'));
      const { model: after, ...done } = await foldBatchNorm(before);
      expect(done).toMatchObject({
        eligible: count,
        changed: count,
        skipped: [],
        notes: [`folded ${count} BatchNormalization into Conv`],
      });
      expect(after.graph.nodes.some(({ opType }) => opType === 'BatchNormalization')).toBe(false);
      expect(after.graph.nodes.map(({ name }) => name)).toEqual(
        before.graph.nodes.filter(({ opType }) => opType !== 'BatchNormalization').map(({ name }) => name),
      );
      await expectSameOutputs(before, after, { tolerance: 1e-4 });
      const again = await foldBatchNorm(after);
      expect(again.model).toBe(after);
      expect(again.changed).toBe(0);
    });
  }
});
