import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src-main/contract';
import { leaveOutLayers, repeatedLayers } from '../../../src-main/distil/leave-out-layers';
import { distilStep } from '../../../src-main/distil/step';
import { readModel } from '../../../src-main/onnx/file';
import type { NdArray } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { liftConstants } from '../../../src-main/passes/lift-constants';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const weights = ['a', 'b', 'c', 'd'].flatMap((layer, at) => [
  randomTensor(`${layer}1`, [4, 8], at),
  randomTensor(`${layer}2`, [8, 4], 10 + at),
]);
const layer = (name: string, from: string, to: string) => `
  ${name}h = MatMul(${from}, ${name}1)
  ${name}r = Relu(${name}h)
  ${name}o = MatMul(${name}r, ${name}2)
  ${to} = Add(${from}, ${name}o)`;
const stack = (inner: string, names: readonly string[]) =>
  modelFromText(
    `<ir_version: 10, opset_import: ["" : 18]>
     g (float[N, 3] x) => (float[N, 2] y) { v0 = MatMul(x, first) ${inner} y = MatMul(v${names.length}, last) }`,
    [
      randomTensor('first', [3, 4], 20),
      randomTensor('last', [4, 2], 21),
      ...weights.filter(({ name }) => names.some((each) => name.startsWith(each) && name.length === 2)),
    ],
  );
const four = stack(['a', 'b', 'c', 'd'].map((name, at) => layer(name, `v${at}`, `v${at + 1}`)).join(''), [
  'a',
  'b',
  'c',
  'd',
]);

describe('leaveOutLayers', () => {
  it('finds the layers that repeat', () => {
    const [row, ...others] = repeatedLayers(four.graph);
    expect(others).toEqual([]);
    expect(row?.cuts).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
  });

  it('keeps every second one with its weights', async () => {
    const { model, left, of } = leaveOutLayers(four, 0.5);
    expect({ left, of }).toEqual({ left: 2, of: 4 });
    const byHand = stack(layer('a', 'v0', 'v1') + layer('c', 'v1', 'v2'), ['a', 'c']);
    await expectSameOutputs(byHand, model);
    expect([...model.graph.initializers.keys()].sort()).toEqual([...byHand.graph.initializers.keys()].sort());
  });

  it('leaves alone what is read from behind', async () => {
    const peeked = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] v0) => (float[N, 4] y) { ${layer('a', 'v0', 'v1')} ${layer('b', 'v1', 'v2')} ${layer('c', 'v2', 'v3')} y = Add(v3, bo) }`,
      weights.filter(({ name }) => !name.startsWith('d')),
    );
    for (const share of [0.34, 0.67]) {
      try {
        const { model } = leaveOutLayers(peeked, share);
        await (await openSession(model)).release();
        expect(model.graph.nodes.some(({ outputs }) => outputs.includes('bo'))).toBe(true);
      } catch (refusal) {
        expect(String(refusal)).toMatch(/layers/);
      }
    }
  });

  it('makes the student of a distillation, with the whole model as its teacher', async () => {
    const x: NdArray = { dtype: 'float32', shape: [60, 3], data: new Float32Array(180).map((_, at) => Math.sin(at)) };
    const dataset = await tinyDataset(four, { x });
    const spec = distilStep.methods.find(({ name }) => name === 'distil');
    const given = { layers: 0.5, epochs: 20, batch: 16, match: 'mse', alpha: 1, learningRate: 0.01 };
    const options = resolveOptions(spec?.options ?? {}, given, 'options');
    const { model, notes } = await distilStep.run(four, 'distil', options, {}, stepContext(four, { dataset }));
    expect(model.graph.nodes.filter(({ opType }) => opType === 'Add')).toHaveLength(2);
    expect(notes[0]).toBe('The student is the model without 2 of its 4 repeated layers.');
    const [first, last] = /Training loss ([\d.]+) → ([\d.]+)/.exec(notes.join(' '))?.slice(1).map(Number) ?? [];
    expect(last).toBeLessThan(0.5 * (first as number));
  });

  it('says so where nothing repeats', () => {
    const plain = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]> g (float[N, 3] x) => (float[N, 2] y) { h = MatMul(x, w)  y = Relu(h) }`,
      [randomTensor('w', [3, 2], 1)],
    );
    expect(() => leaveOutLayers(plain, 0.5)).toThrow(/has no layers that repeat; name a smaller model as the student/);
  });

  it.each([
    ['langid-transformer', 'model.onnx'],
    ['glyph-vit', 'model.onnx'],
    ['emoji-resnet', 'model-bn.onnx'],
  ])('shortens %s to a model that loads', async (folder, file) => {
    const path = fileURLToPath(new URL(`../../models/${folder}/${file}`, import.meta.url));
    const model = liftConstants(await readModel(path)).model;
    const shorter = leaveOutLayers(model, 0.5);
    expect(shorter.model.graph.nodes.length).toBeLessThan(model.graph.nodes.length);
    expect(shorter.left).toBeGreaterThan(0);
    await (await openSession(shorter.model)).release();
  });
});
