/** The engine in Electron's utility process: a Node of its own, watched by Chromium, with a port instead of a pipe. */

import { type UtilityProcess, utilityProcess } from 'electron';
import {
  type EngineCarrier,
  type EngineProcess,
  engineEnvironment,
  LastWords,
  signalByNumber,
} from '../../engine/supervisor';

/** @param entry path of the built engine */
export function utilityCarrier(entry: string): EngineCarrier {
  return { start: () => startUtility(entry) };
}

function startUtility(entry: string): EngineProcess {
  const child = utilityProcess.fork(entry, [], {
    serviceName: 'Lathe engine',
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, ...engineEnvironment },
  });
  const lastWords = new LastWords();
  child.stderr?.on('data', (part: Buffer) => lastWords.add(part.toString('utf8')));
  // V8's own end: its kind and place tell more than the exit code.
  child.on('error', (type, location) => lastWords.add(`${type} at ${location}\n`));
  return {
    get pid() {
      return child.pid;
    },
    send: (message) => child.postMessage(message),
    onMessage: (listener) => {
      child.on('message', listener);
    },
    onExit: (listener) => {
      child.once('exit', (code) => listener({ code, signal: signalOf(code), lastWords: lastWords.text }));
    },
    kill: () => killNow(child),
  };
}

/** Chromium tells the bare number of the signal that ended a process; Windows has none. */
function signalOf(code: number): string | null {
  return process.platform === 'win32' ? null : (signalByNumber[code] ?? null);
}

/** Its own kill() asks politely, and a run of the runtime does not listen. */
function killNow(child: UtilityProcess): void {
  if (child.pid === undefined) child.once('spawn', () => killNow(child));
  else process.kill(child.pid, 'SIGKILL');
}
