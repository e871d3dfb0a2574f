import { describe, expect, it } from 'vitest';
import { cpuInfo, featuresOf, hasInt8DotProduct } from '../../../../src-main/onnx/session';

describe('cpuInfo', () => {
  it('reads the features that matter from the text of x86 and of ARM', () => {
    expect(featuresOf('processor\t: 0\nflags\t\t: fpu avx avx2 avx512_vnni sha_ni\nflags\t\t: fpu')).toEqual([
      'avx',
      'avx2',
      'avx512_vnni',
    ]);
    expect(featuresOf('Features\t: fp asimd asimddp i8mm\n')).toEqual(['asimd', 'asimddp', 'i8mm']);
    expect(featuresOf('')).toEqual([]);
  });

  it('knows whether 8-bit products are summed exactly, or that it does not know', () => {
    const cpu = (...features: string[]) => ({ name: 'x', features });
    expect(hasInt8DotProduct(cpu('avx2', 'avx512_vnni'))).toBe(true);
    expect(hasInt8DotProduct(cpu('avx2'))).toBe(false);
    expect(hasInt8DotProduct(cpu())).toBeNull();
  });

  it('names this machine', () => {
    expect(cpuInfo().name).not.toBe('');
  });
});
