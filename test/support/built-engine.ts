/** The real engine, built from the current sources as the hosts build it. */

import { join } from 'node:path';
import { currentBundle } from '../../src-main/host/shared/bundle.mjs';

/** Path of the entry to fork. */
export async function builtEngine(): Promise<string> {
  return join(await currentBundle(), 'engine.js');
}
