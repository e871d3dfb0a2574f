import { expect, it } from 'vitest';
import { transpose } from '../../../src-main/kernels';

it('swaps rows and columns, beyond one tile too', () => {
  const x = Float32Array.from({ length: 70 * 33 }, (_, i) => i);
  const y = new Float32Array(x.length);
  transpose(x, 70, 33, y);
  for (let i = 0; i < 70; i++) for (let j = 0; j < 33; j++) expect(y[j * 70 + i]).toBe(i * 33 + j);
});
