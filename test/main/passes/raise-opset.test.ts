import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../../src-main/onnx/file';
import { raiseOpset } from '../../../src-main/passes';
import { expectSameOutputs } from '../../support/model-from-text';

const models = fileURLToPath(new URL('../../models', import.meta.url));

describe('raiseOpset', () => {
  for (const file of ['mnist-cnn/model-bn', 'emoji-resnet/model-bn', 'langid-transformer/model', 'glyph-vit/model']) {
    it(`brings ${file} to 21 with the same outputs, bit by bit`, async () => {
      const before = await readModel(join(models, `${file}.onnx`));
      const { model: after } = await raiseOpset(before, 21);
      expect(after.opsets.get('')).toBe(21);
      expect(after.irVersion).toBe(10);
      await expectSameOutputs(before, after);
      const again = await raiseOpset(after, 21);
      expect(again.model).toBe(after);
    });
  }

  it('refuses what it does not know', async () => {
    const model = await readModel(join(models, 'glyph-vit/model.onnx'));
    await expect(raiseOpset(model, 99)).rejects.toThrow('the changes of opset 99 are not known');
  });
});
