import { join } from 'node:path';
import { expect, it } from 'vitest';
import { spill } from '../../../../src-main/onnx/file';
import { temporaryFolder } from '../../../support/folder';

it('gives back any part of what was written', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
  const data = spill(bytes, join(temporaryFolder(), 'part.bin'));
  expect(data.length).toBe(300);
  expect([...data.read(0, 300)]).toEqual([...bytes]);
  expect([...data.read(255, 258)]).toEqual([255, 0, 1]);
  expect(data.read(7, 7)).toHaveLength(0);
});
