/** A piece of work in a shell: stopped by Ctrl-C, and what became of it told by message and exit code. */

import { LatheError, toWireError } from '../../contract';
import { openTerminal, type Terminal } from './terminal';

/** 0 done, 1 the work failed, 2 the call was wrong, 130 Ctrl-C. */
const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** How a piece of work is stopped. */
export interface Stop {
  readonly signal: AbortSignal;
  /**
   * What the first Ctrl-C does instead of aborting, where there is such a thing (a training is ended with what it has
   * reached); answers the sentence that says so. A second Ctrl-C aborts.
   */
  gentle: (() => string) | null;
}

/** Runs `work` and leaves the exit code in `process.exitCode`. */
export async function underSignals(work: (terminal: Terminal, stop: Stop) => Promise<void>): Promise<void> {
  const terminal = openTerminal(process.stdout, process.stderr);
  const interruption = new AbortController();
  const stop: Stop = { signal: interruption.signal, gentle: null };
  let wasGentle = false;
  // The first Ctrl-C lets the work clean up; a second one does not wait for it.
  const onSignal = (name: NodeJS.Signals): void => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    if (name === 'SIGINT' && stop.gentle !== null) {
      terminal.say(stop.gentle());
      stop.gentle = null;
      wasGentle = true;
      return;
    }
    terminal.say('Stopping …');
    interruption.abort(new LatheError({ who: 'lathe', what: 'stopped by Ctrl-C', code: 'cancelled' }));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // A reader that has seen enough (`| head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.done);
    throw error;
  });
  try {
    await work(terminal, stop);
    process.exitCode = exitCodes.done;
  } catch (thrown) {
    terminal.endProgress();
    if (!interruption.signal.aborted) terminal.say(describeFailure(thrown));
    process.exitCode = exitCodeOf(thrown);
  } finally {
    // A script that was stopped by Ctrl-C does not go on to its next line.
    if (interruption.signal.aborted || (wasGentle && process.exitCode === exitCodes.done))
      process.exitCode = exitCodes.interrupted;
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function exitCodeOf(thrown: unknown): number {
  return thrown instanceof LatheError && thrown.code === 'usage' ? exitCodes.usage : exitCodes.failed;
}

/** One sentence for what was foreseen; for a defect also its stack, so that it can be reported. */
function describeFailure(thrown: unknown): string {
  const { code, message, stack } = toWireError(thrown);
  if (code !== 'defect') return message;
  return `lathe: a defect: ${message}; please report it with these lines\n${stack ?? ''}`.trimEnd();
}
