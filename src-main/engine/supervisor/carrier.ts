/** A way to start an engine process: a forked child, Electron's utility process, an external Node. */

import type { Message } from '../../rpc/messages';

export interface EngineExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to its error stream. */
  readonly lastWords: string;
}

export interface EngineProcess {
  readonly pid: number | undefined;
  send(message: Message): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once; also where the process could not be started at all. */
  onExit(listener: (exit: EngineExit) => void): void;
  /** At once, without asking. */
  kill(): void;
}

export interface EngineCarrier {
  start(): EngineProcess;
}

/**
 * What an engine process needs in its environment besides its parent's. Memory that a session gave back returns to
 * the system: 178 → 82 MB after the release of a 101 MB model.
 */
export const engineEnvironment: Readonly<Record<string, string>> = { MALLOC_TRIM_THRESHOLD_: '131072' };

/** For carriers that tell a number where Node tells a name. */
export const signalByNumber: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

/** The end of a stream's text, for the last words of a process. */
export class LastWords {
  text = '';
  private static readonly limit = 8192;

  add(part: string): void {
    this.text = (this.text + part).slice(-LastWords.limit);
  }
}
