/** The engine as a child of a Node process: for the web host, the shell, tests, and an external Node under Electron. */

import { fork } from 'node:child_process';
import { type EngineCarrier, type EngineExit, type EngineProcess, engineEnvironment, LastWords } from './carrier';

export interface ForkOptions {
  /** The built engine entry; computed by the host's own entry module. */
  readonly entry: string;
  /** The Node to run it with; this process's own where absent. */
  readonly node?: string | undefined;
  readonly nodeArguments?: readonly string[] | undefined;
}

export function forkCarrier(options: ForkOptions): EngineCarrier {
  return { start: () => startChild(options) };
}

function startChild({ entry, node, nodeArguments }: ForkOptions): EngineProcess {
  const child = fork(entry, [], {
    serialization: 'advanced',
    execArgv: [...(nodeArguments ?? [])],
    env: { ...process.env, ...engineEnvironment },
    // Its output goes to our error stream: a shell's own output stays one JSON document.
    stdio: ['ignore', 2, 'pipe', 'ipc'],
    ...(node === undefined ? {} : { execPath: node }),
  });
  const lastWords = new LastWords();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => lastWords.add(text));
  return {
    pid: child.pid,
    send: (message) => {
      // It may be dead already: its exit tells.
      if (child.connected) child.send(message, () => {});
    },
    onMessage: (listener) => {
      child.on('message', listener);
    },
    onExit: (listener) => onceEnded(child, lastWords, listener),
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

/** `close` comes after the streams have ended, so the last words are whole; `error` where nothing was started. */
function onceEnded(child: ReturnType<typeof fork>, lastWords: LastWords, listener: (exit: EngineExit) => void): void {
  let told = false;
  const tell = (exit: EngineExit): void => {
    if (told) return;
    told = true;
    listener(exit);
  };
  child.on('close', (code, signal) => tell({ code, signal, lastWords: lastWords.text }));
  child.on('error', (error) => {
    if (child.pid === undefined) tell({ code: null, signal: null, lastWords: error.message });
  });
}
