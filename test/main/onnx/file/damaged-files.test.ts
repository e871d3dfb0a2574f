import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Random } from '../../../../src-main/kernels/random';
import { mutated, tryToOpen, wholeModels } from '../../../support/mutations';

/** The first few thousand of what `npm run fuzz` tries by the million. */
test('2,500 damaged files each end in a model that can be saved, or in one clear error', () => {
  const wholes = wholeModels(fileURLToPath(new URL('../../../../', import.meta.url)));
  let models = 0;
  for (let number = 0; number < 2500; number++) {
    const message = tryToOpen(mutated(wholes, new Random(0x1000_0000 + number)));
    if (message === null) models++;
    else expect(message).toMatch(/^[^\n]{10,}$/);
  }
  // Damage that breaks everything, or nothing, would test little.
  expect(models).toBeGreaterThan(250);
  expect(models).toBeLessThan(2250);
});
