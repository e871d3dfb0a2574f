import { expect, it } from 'vitest';
import { LatheError } from '../../../src-main/contract';
import type { Pass } from '../../../src-main/passes';
import { passes } from '../../../src-main/passes';
import { withContext } from '../../../src-main/passes/pass-error';

const pass = passes[0] as Pass;

it('names the pass before what it says, and keeps the cause', async () => {
  const cause = new LatheError({ who: 'Conv "c"', what: 'is odd', code: 'usage' });
  const failing = withContext(pass, () => {
    throw cause;
  });
  await expect(failing).rejects.toMatchObject({ message: `pass ${pass.name}: Conv "c": is odd`, code: 'usage', cause });
});

it('lets a stop through as it is', async () => {
  const stop = new DOMException('stopped', 'AbortError');
  await expect(withContext(pass, () => Promise.reject(stop))).rejects.toBe(stop);
});
