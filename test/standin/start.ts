/** Starts the built app under Node with the stand-in for Electron, and speaks to its {@link Remote}. */

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { currentApp } from '../../src-main/host/shared/bundle.mjs';
import { bundleEntry } from '../support/bundle-entry';
import { temporaryFolder } from '../support/folder';
import type { Remote } from './electron';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What the stand-in is told at its start. */
export interface StandinStart {
  readonly root: string;
  readonly userData: string;
  /** Whether this instance gets the single-instance lock. */
  readonly lock: boolean;
}

export interface StandinApp {
  /** Calls a function of the remote control. */
  do<Name extends keyof Remote>(
    name: Name,
    ...args: Parameters<Remote[Name]>
  ): Promise<Awaited<ReturnType<Remote[Name]>>>;
  /** Calls the studio as the page does: by the port that the preload script handed over. */
  call(name: string, params: unknown): Promise<unknown>;
  /** The exit code, once it has ended. */
  readonly ended: Promise<number | null>;
}

/** Builds the app and the stand-in. */
export async function buildApp(folder: string): Promise<void> {
  await currentApp();
  await bundleEntry(here('electron.ts'), join(folder, 'electron.mjs'));
  await bundleEntry(here('app.ts'), join(folder, 'app.mjs'));
}

/** @param built the folder that {@link buildApp} filled @param files what the app is asked to open */
export async function startApp(
  built: string,
  { lock = true, files = [] }: { lock?: boolean; files?: string[] } = {},
): Promise<StandinApp> {
  const start: StandinStart = { root, userData: temporaryFolder(), lock };
  const child = fork(join(built, 'app.mjs'), files, {
    cwd: root,
    execArgv: [],
    serialization: 'advanced',
    env: {
      ...process.env,
      LATHE_STANDIN: JSON.stringify(start),
      LATHE_STANDIN_MODULE: pathToFileURL(join(built, 'electron.mjs')).href,
      LATHE_STANDIN_MAIN: pathToFileURL(join(root, 'out', 'main', 'index.js')).href,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const app = controlled(child);
  if (lock) await until(() => app.do('isReady'));
  return app;
}

/** Asks until it is so. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come about within a minute');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

function controlled(child: ChildProcess): StandinApp {
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  child.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error !== undefined) asked?.reject(new Error(answer.error));
    else asked?.resolve(answer.result);
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('exit', (code) => {
      for (const { reject } of waiting.values()) reject(new Error('the app has ended'));
      resolve(code);
    });
  });
  const ask = (name: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      child.send({ id, name, args });
    });
  return {
    do: (name, ...args) => ask(name, args) as never,
    call: (name, params) => ask('call', [name, params]),
    ended,
  };
}
