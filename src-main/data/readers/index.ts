/** @file Every reader; the first that fits opens the data. */

import type { Reader } from '../dataset';
import { imageFolder } from './image-folder';
import { npzFolder } from './npz-folder';

export const readers: readonly Reader[] = [npzFolder, imageFolder];
