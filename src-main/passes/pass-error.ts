/** What a failing pass says. */

import { LatheError, messageOf } from '../contract';
import type { Pass } from './pass';

/** Runs a pass; what it throws names the pass as well, and the model stays as it was since models are values. */
export async function withContext<T>(pass: Pass, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'AbortError') throw thrown;
    throw new LatheError({
      who: `pass ${pass.name}`,
      what: messageOf(thrown),
      next: 'the model was left as it was',
      code: thrown instanceof LatheError ? thrown.code : 'failed',
      cause: thrown,
    });
  }
}
