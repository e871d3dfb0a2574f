/** Of what an engine process died, in words for its user. */

import { type EngineExit, signalByNumber } from './carrier';

export interface CauseOfDeath {
  /** Follows "the engine process": `ran out of memory`. */
  readonly what: string;
  readonly next: string;
}

const keptAndRetry = 'what was finished before is kept; try again';
const lessMemory = `${keptAndRetry} with a smaller batch, fewer samples or other programs closed`;

/**
 * @param rssBytes what it held when it was last heard of
 */
export function causeOfDeath(exit: EngineExit, rssBytes: number | null): CauseOfDeath {
  const held = rssBytes === null ? '' : ` while it held ${Math.round(rssBytes / 1e6)} MB`;
  if (/heap out of memory|bad_alloc|failed to allocate memory|cannot allocate memory/i.test(exit.lastWords))
    return { what: `ran out of memory${held}`, next: lessMemory };
  switch (signalOf(exit)) {
    case 'SIGKILL':
      return { what: `was killed${held} (SIGKILL, as systems do when memory runs out)`, next: lessMemory };
    case 'SIGTRAP':
      return {
        what: `hit the limit of a single allocation${held} (SIGTRAP)`,
        next: `${keptAndRetry} with an external Node as the engine (settings)`,
      };
    case 'SIGABRT':
      return { what: `aborted${held} (SIGABRT)${lastLine(exit)}`, next: keptAndRetry };
    case 'SIGSEGV':
    case 'SIGBUS':
    case 'SIGILL':
    case 'SIGFPE':
      return { what: `crashed in native code${held} (${signalOf(exit)})${lastLine(exit)}`, next: keptAndRetry };
    case null:
      return exit.code === null
        ? { what: `could not be started${lastLine(exit)}`, next: 'check the path of its Node in the settings' }
        : { what: `ended with exit code ${exit.code}${lastLine(exit)}`, next: keptAndRetry };
    default:
      return { what: `was ended (${signalOf(exit)})`, next: keptAndRetry };
  }
}

/** A shell tells a signal as 128 + its number. */
function signalOf({ code, signal }: EngineExit): string | null {
  if (signal !== null) return signal;
  return code !== null && code > 128 ? (signalByNumber[code - 128] ?? null) : null;
}

function lastLine({ lastWords }: EngineExit): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with the escape character
  const plain = lastWords.replace(/\u001b\[[0-9;]*m/g, '');
  const lines = plain.split('\n').map((line) => line.trim());
  const telling =
    lines.find((line) => /^\w*Error\b|what\(\):|fatal/i.test(line)) ?? lines.findLast((line) => line !== '');
  return telling === undefined ? '' : `: ${telling.slice(0, 200)}`;
}
