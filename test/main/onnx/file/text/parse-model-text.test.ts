import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { modelText, parseModelText, readModel, readTensor } from '../../../../../src-main/onnx/file';
import { modelFromText } from '../../../../support/model-from-text';

const golden = (name: string) => fileURLToPath(new URL(`../../../../golden/onnx-text/${name}`, import.meta.url));
const whole = { maxElements: Number.POSITIVE_INFINITY };

describe('parseModelText', () => {
  test("gives the model that ONNX's own parser gives", async () => {
    const parsed = parseModelText(readFileSync(golden('syntax.txt'), 'utf8'));
    expect({ ...parsed, folder: null }).toEqual({ ...(await readModel(golden('syntax.onnx'))), folder: null });
  });

  test('packs elements of 4 and 2 bits, the first one lowest', () => {
    const { graph } = modelFromText('g () => () <int4[3] a = {1, -2, 7}, uint2[5] b = {1, 2, 3, 0, 2}> {}');
    expect(graph.initializers.get('a')?.data).toEqual({ kind: 'inline', bytes: Uint8Array.of(0xe1, 0x07) });
    expect(graph.initializers.get('b')?.data).toEqual({ kind: 'inline', bytes: Uint8Array.of(0b00_11_10_01, 0b10) });
  });

  test('names nameless nodes and sorts them', () => {
    const { graph } = modelFromText('g (float x) => (float y) { y = Neg(a) a = Abs(x) }');
    expect(graph.nodes.map((node) => node.name)).toEqual(['Abs_1', 'Neg_0']);
  });

  test('reads a float32 to the last bit', () => {
    const { graph } = modelFromText('g () => () <float[2] a = {0.1, 16777217}> {}');
    const a = graph.initializers.get('a');
    expect(a === undefined ? null : readTensor(a).data).toEqual(Float32Array.of(0.1, 16777217));
  });

  test.each([
    ['g (float x) => (float y) {\n y = Neg(x', 'ONNX text: expected ")", found "end of text" (line 2)'],
    ['g (flot x) => ()', 'ONNX text: expected ")", found "x" (line 1)'],
    ['g () => () <float[2] a = {1}> {}', 'ONNX text: "a" has shape [2] and 1 elements (line 1)'],
    ['g () => () <int8[1] a = {1.5}> {}', 'ONNX text: "1.5" is no element of a int8 tensor (line 1)'],
    ['g () => ()\n\n { y = Neg(x) ~ }', 'ONNX text: cannot read "~ }" (line 3)'],
    ['g () => () { y = Neg(x) z = Add(y, w) w = Abs(z) }', 'graph "g": nodes form a ring'],
    ['g () => () { y = Add(y, y) }', 'graph "g": nodes form a ring: Add_0'],
  ])('%j is refused with its line', (text, message) => {
    expect(() => parseModelText(text)).toThrow(message);
  });
});

describe('modelText', () => {
  test('prints what parses to the same model', async () => {
    const model = await readModel(golden('syntax.onnx'));
    expect({ ...parseModelText(modelText(model, whole)), folder: null }).toEqual({ ...model, folder: null });
  });

  test('puts one node on a line and shortens large tensors to what can be compared', () => {
    const text = modelText(
      modelFromText('g (float[N] x) => (float[N] y) <float[2] w = {0.1, -3}> { [add] y = Add(x, w) }'),
      { maxElements: 1 },
    );
    expect(text).toBe(`<ir_version: 10, opset_import: ["": 21]>
g (float[N] x) => (float[N] y)
<float[2] w = {… 2 elements, sha256 bc270283d0b4}>
{
  [add] y = Add (x, w)
}
`);
  });
});
