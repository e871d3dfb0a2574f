import { expect, it } from 'vitest';
import { observeRun } from '../../../../src-main/onnx/session';
import { modelFromText } from '../../../support/model-from-text';

it('tells the shapes that values have in a run, and the values asked for', async () => {
  const model = modelFromText(
    `g (float[N] x) => (int64[1, M] y) {
      y = NonZero (x)
      s = Shape (x)
      z = Cast <to = 1> (y)
    }`,
  );
  const x = { dtype: 'float32', shape: [4], data: Float32Array.of(0, 1, 0, 2) } as const;
  const { shapes, values } = await observeRun(model, { shapes: ['z', 'x'], values: ['s'] }, { x });
  expect([...shapes]).toEqual([
    ['z', [1, 2]],
    ['x', [4]],
  ]);
  expect(values).toEqual({ s: { dtype: 'int64', shape: [1], data: BigInt64Array.of(4n) } });
});
