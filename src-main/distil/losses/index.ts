/** @file The losses, by name. */

import { LatheError } from '../../contract';
import { cosine } from './cosine';
import { crossEntropy } from './cross-entropy';
import { kl } from './kl';
import type { Loss } from './loss';
import { mse } from './mse';

export const losses: readonly Loss[] = [crossEntropy, kl, mse, cosine];
export type { Loss, LossInputs } from './loss';

/** @throws LatheError for a name that no loss has */
export function lossNamed(name: string): Loss {
  const found = losses.find((loss) => loss.name === name);
  if (found === undefined) {
    throw new LatheError({
      who: `loss "${name}"`,
      what: 'is not known',
      next: `use ${losses.map((loss) => loss.name).join(', ')}`,
      code: 'usage',
    });
  }
  return found;
}
