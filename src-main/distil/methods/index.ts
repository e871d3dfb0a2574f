/** @file The training methods, in the order in which they are listed. */

import type { TrainingMethod } from '../method';
import { distil } from './distil';
import { fineTune } from './fine-tune';
import { qat } from './qat';
import { recover } from './recover';

export const trainingMethods: readonly TrainingMethod[] = [distil, recover, qat, fineTune];
