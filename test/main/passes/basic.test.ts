import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModel, writeModel } from '../../../src-main/onnx/file';
import type { Model } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { cleanStep } from '../../../src-main/passes/step';
import { temporaryFolder } from '../../support/folder';
import { expectSameOutputs } from '../../support/model-from-text';
import { stepContext } from '../../support/step-context';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const open = (file: string): Promise<Model> => readModel(join(models, file));
const clean = (model: Model) => cleanStep.run(model, 'basic', {}, {}, stepContext(model));

describe('clean basic', () => {
  it('folds the BatchNormalization of a ResNet, says so, and keeps the outputs', async () => {
    const before = await open('emoji-resnet/model-bn.onnx');
    const { model: after, changed, notes } = await clean(before);
    expect(changed).toBeGreaterThanOrEqual(15);
    expect(notes).toContain('folded 15 BatchNormalization into the weights before them');
    expect(after.graph.nodes.filter(({ opType }) => opType === 'BatchNormalization')).toEqual([]);
    await expectSameOutputs(before, after, { tolerance: 1e-4 });
  });

  it('stays in the standard operators and keeps the interface, names and metadata of the model', async () => {
    const before = await open('glyph-vit/model.onnx');
    const { model: after } = await clean(before);
    expect(after.graph.nodes.length).toBeLessThan(before.graph.nodes.length / 1.5);
    expect(new Set(after.graph.nodes.map(({ domain }) => domain))).toEqual(new Set(['']));
    expect([...after.opsets]).toEqual([...before.opsets]);
    expect(after.graph.inputs).toEqual(before.graph.inputs);
    expect(after.graph.outputs).toEqual(before.graph.outputs);
    const convolutions = ({ graph }: Model): string[] =>
      graph.nodes.filter(({ opType }) => opType === 'Conv').map(({ name }) => name);
    expect(convolutions(after)).toEqual(convolutions(before));
    await expectSameOutputs(before, after, { tolerance: 1e-4 });
  });

  it('leaves weights that it does not touch where they are', async () => {
    const before = await open('glyph-vit/model.onnx');
    const { model: after } = await clean(before);
    const kept = [...before.graph.initializers].filter(([, { data }]) => data.kind === 'file');
    expect(kept.length).toBeGreaterThan(20);
    for (const [name, tensor] of kept) expect(after.graph.initializers.get(name), name).toBe(tensor);
  });

  it('gives the same bytes each time, in a file that loads and runs the same', async () => {
    const before = await open('emoji-resnet/model-bn.onnx');
    const hashes: string[] = [];
    for (let round = 0; round < 2; round++) {
      const path = join(temporaryFolder(), 'model.onnx');
      await writeModel((await clean(before)).model, path);
      hashes.push(createHash('sha256').update(readFileSync(path)).digest('hex'));
      await (await openSession(path)).release();
      await expectSameOutputs(before, await readModel(path), { tolerance: 1e-4 });
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  it('finds nothing to do in a clean model, and nothing is changed', async () => {
    const before = await open('emoji-resnet/model.onnx');
    const { model: after, changed, notes } = await clean(before);
    expect(after).toBe(before);
    expect(changed).toBe(0);
    expect(notes).toEqual(['onnxruntime found nothing to clean up']);
  });

  it('does not write the casts of onnxruntime into a half-precision model', async () => {
    const before = await open('langid-transformer/model-fp16.onnx');
    const { model: after, notes } = await clean(before);
    expect(after).toBe(before);
    expect(notes[0]).toMatch(/16-bit floats by way of float32/);
  });

  it('refuses targets, which it cannot keep to', async () => {
    const model = await open('emoji-resnet/model.onnx');
    await expect(cleanStep.run(model, 'basic', {}, { include: ['l1*'] }, stepContext(model))).rejects.toThrow(
      'clean basic: works on the whole model and takes no targets',
    );
  });
});
