import { describe, expect, it } from 'vitest';
import { addPatchProducts } from '../../../src-main/kernels';
import type { NdArray, Node, Tensor } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { patchGeometry } from '../../../src-main/quantize/patch-geometry';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { float32 } from '../../support/npz';

describe('the patches of a convolution', () => {
  it.each([
    ['one axis', '', [2, 3, 3], [3, 9]],
    ['strides and dilations', 'strides = [2, 1], dilations = [1, 2]', [2, 3, 3, 2], [3, 9, 8]],
    ['uneven padding', 'pads = [1, 0, 2, 3]', [2, 3, 3, 3], [3, 5, 6]],
    ['padding to the same size, more behind', "auto_pad = 'SAME_UPPER', strides = [2, 2]", [2, 3, 3, 2], [3, 8, 7]],
    ['padding to the same size, more before', "auto_pad = 'SAME_LOWER', strides = [2, 1]", [2, 3, 4, 4], [3, 8, 7]],
    ['groups', 'group = 3, pads = [1, 1, 1, 1]', [6, 1, 3, 3], [3, 6, 5]],
    ['three axes', 'pads = [1, 0, 1, 0, 1, 0], strides = [1, 2, 1]', [2, 3, 2, 2, 3], [3, 3, 5, 4]],
    ['more places than are looked at together', '', [2, 3, 1, 1], [3, 60, 40]],
  ])('with %s are those that onnxruntime multiplies', async (_, given, shape, input) => {
    const weight = randomTensor('w', shape, 3);
    const dims = input.slice(1).map((_size, axis) => `d${axis}`);
    const attributes = given.replaceAll("'", '"');
    const model = modelFromText(
      `g (float[1,${input.join()}] x) => (float[1,${shape[0]},${dims.join()}] y) { y = Conv <${attributes}> (x, w) }`.replace(
        '<> ',
        '',
      ),
      [weight],
    );
    const node = model.graph.nodes[0] as Node;
    const x = (randomTensor('x', input, 4).data as { bytes: Uint8Array }).bytes;
    const data = new Float32Array(x.buffer, x.byteOffset, x.byteLength / 4);
    const session = await openSession(model);
    const { y } = (await session.run({ x: float32([1, ...input], data) })) as { y: NdArray<'float32'> };
    await session.release();
    const w = weightsOf(weight);
    const [outputs = 0, channels = 0] = shape;
    const groups = (input[0] as number) / channels;
    const inputs = w.length / outputs;
    const sums = new Float64Array(groups * (inputs + 1) ** 2);
    const gate = { low: 0, high: 0, closed: 0 };
    addPatchProducts(data, 1, patchGeometry(node, shape.slice(2), input.slice(1)), groups, null, gate, sums);
    const places = y.data.length / outputs;
    for (let output = 0; output < outputs; output++) {
      const own = y.data.subarray(output * places, (output + 1) * places);
      const group = Math.floor((output * groups) / outputs);
      const row = w.subarray(output * inputs, (output + 1) * inputs);
      const { squares, sum } = outputsBy(row, sums.subarray(group * (inputs + 1) ** 2));
      // Float32 sums of a hundred products in the runtime.
      expect(squares / own.reduce((all, value) => all + value * value, 0)).toBeCloseTo(1, 4);
      expect(sum).toBeCloseTo(
        own.reduce((all, value) => all + value, 0),
        2,
      );
    }
  });
});

function weightsOf(weight: Tensor): Float32Array {
  const { bytes } = weight.data as { bytes: Uint8Array };
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Σ y² = wᵀ·H·w and Σ y = wᵀ·Σ x over the places, from the upper triangle of [[H, Σ x], [·, places]]. */
function outputsBy(w: Float32Array, sums: Float64Array) {
  const size = w.length + 1;
  let [squares, sum] = [0, 0];
  w.forEach((a, i) => {
    sum += a * (sums[i * size + w.length] as number);
    w.forEach((b, j) => {
      squares += a * b * (sums[Math.min(i, j) * size + Math.max(i, j)] as number);
    });
  });
  return { squares, sum };
}
