/** What a failing pass says. */

import { LatheError, messageOf } from '../contract';
import type { Pass } from './pass';

/** Runs a pass; what it throws names the pass as well, and the model stays as it was since models are values. */
export async function withContext<T>(pass: Pass, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (isStop(thrown)) throw thrown;
    throw new LatheError({
      who: `pass ${pass.name}`,
      what: messageOf(thrown),
      code: thrown instanceof LatheError ? thrown.code : 'failed',
      cause: thrown,
    });
  }
}

/** Whether somebody asked to stop, which is no failure. */
export function isStop(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}
