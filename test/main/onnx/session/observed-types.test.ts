import { describe, expect, it } from 'vitest';
import { observedTypes } from '../../../../src-main/onnx/session';
import { modelFromText } from '../../../support/model-from-text';

describe('observedTypes', () => {
  it('completes by one run what inference leaves open, and says which is which', async () => {
    const model = modelFromText(
      `g (float[N] x) => (int64[1, M] y) {
        y = NonZero (x)
        s = Shape (x)
        z = Cast <to = 1> (y)
      }`,
    );
    const types = await observedTypes(model, {
      x: { dtype: 'float32', shape: [4], data: Float32Array.of(0, 1, 0, 2) },
    });
    expect(types.get('z')).toEqual({ type: { kind: 'tensor', dtype: 'float32', shape: [1, 2] }, from: 'observed' });
    expect(types.get('s')).toEqual({ type: { kind: 'tensor', dtype: 'int64', shape: [1] }, from: 'inferred' });
    expect(types.get('x')).toEqual({ type: { kind: 'tensor', dtype: 'float32', shape: [4] }, from: 'observed' });
  });
});
