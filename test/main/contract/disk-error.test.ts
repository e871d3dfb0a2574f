import { describe, expect, it } from 'vitest';
import { diskError } from '../../../src-main/contract';

describe('diskError', () => {
  it.each([
    ['ENOSPC', 'the disk is full; free some space'],
    ['EROFS', 'lies on a read-only disk'],
    ['EACCES', 'may not be written'],
  ])('tells %s as a sentence with what to try', (code, text) => {
    const told = diskError(Object.assign(new Error('x'), { code }), '/p/a.json');
    expect(told).toMatchObject({
      name: 'LatheError',
      code: 'input',
      message: expect.stringContaining(`/p/a.json: ${text}`),
    });
  });

  it('leaves anything else as it came', () => {
    const error = new TypeError('x');
    expect(diskError(error, '/p')).toBe(error);
  });
});
