/** The commands of the shell, in the order of the work. */

import type { Command } from '../command';

export const commands: readonly Command[] = [];
