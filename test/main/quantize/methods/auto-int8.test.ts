import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { readModel, writeHashedModel } from '../../../../src-main/onnx/file';
import type { NdArray } from '../../../../src-main/onnx/ir';
import { quantizeStep } from '../../../../src-main/quantize/step';
import { temporaryFolder } from '../../../support/folder';
import { writeNpz } from '../../../support/npz';
import { stepContext } from '../../../support/step-context';
import { openFor } from '../../../support/tiny-dataset';

const digits = fileURLToPath(new URL('../../../samples/digits', import.meta.url));

async function quantize(method: string, data: string, options: Record<string, unknown>) {
  const path = join(digits, 'model.onnx');
  const model = await readModel(path);
  const dataset = await openFor(path, data);
  const spec = quantizeStep.methods.find(({ name }) => name === method);
  const complete = resolveOptions(spec?.options ?? {}, options, 'test');
  return quantizeStep.run(model, method, complete, {}, stepContext(model, { dataset }));
}

describe('auto-int8', () => {
  it('says what it tried and takes one that is near enough', async () => {
    const { changed, notes } = await quantize('auto-int8', digits, { samples: 32 });
    expect(changed).toBeGreaterThan(0);
    expect(notes.filter((note) => note.startsWith('Tried')).length).toBeGreaterThanOrEqual(1);
    expect(notes.join()).toMatch(/Took (static|dynamic).*: \d+\.\d\d times as fast on one sample/);
  });

  it('leaves layers in float where more is wanted than all of them in int8 can give', async () => {
    const { notes } = await quantize('auto-int8', digits, { samples: 32, fidelity: 48, budget: 0 });
    expect(notes.join()).toMatch(/Tried static, [a-z-]+, \d+ nodes in float/);
  });

  it('says where nothing is near enough, and takes the nearest', async () => {
    const { notes } = await quantize('auto-int8', digits, { samples: 32, fidelity: 60, budget: 0 });
    expect(notes.join(' ')).toMatch(
      /The budget of 60 dB cannot be met: the nearest, [\d.]+ dB, was taken, [\d.]+ dB short\./,
    );
  });
});

describe.each(['static-int8', 'auto-int8'])('%s', (method) => {
  it('never reads the test split: other labels and other test rows give the same bytes', async () => {
    const scrambled = temporaryFolder();
    cpSync(digits, scrambled, { recursive: true });
    const original = await openFor(join(digits, 'model.onnx'), digits);
    const labels = (await original.test?.array('labels')) as NdArray<'int64'>;
    const batch = await original.test?.read(0, labels.data.length);
    const reversed = { ...labels, data: labels.data.slice().reverse() };
    writeNpz(join(scrambled, 'test.npz'), { ...batch?.feeds, labels: reversed });
    const bytes = async (data: string) => {
      const { model } = await quantize(method, data, { samples: 32 });
      return (await writeHashedModel(model, join(temporaryFolder(), 'model.onnx'))).sha256;
    };
    expect(await bytes(scrambled)).toBe(await bytes(digits));
  });
});
