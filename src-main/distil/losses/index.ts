/** @file The losses, by name. */

import { cosine } from './cosine';
import { crossEntropy } from './cross-entropy';
import { kl } from './kl';
import type { Loss } from './loss';
import { mse } from './mse';

export const losses: readonly Loss[] = [crossEntropy, kl, mse, cosine];
export type { Loss, LossInputs } from './loss';
