/** The command line as a script runs it: a process of its own, from the current sources. */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './folder';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const launcher = join(root, 'src-main', 'host', 'cli', 'launch.mjs');
export const digits = join(root, 'test', 'samples', 'digits');

export interface ShellResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ShellOptions {
  readonly cwd?: string;
  /** What starts the process: `node launch.mjs` unless told otherwise. */
  readonly command?: readonly string[];
  /** Called with each part of stderr, e.g. to stop the process at a certain point. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
  readonly onStdout?: (text: string, child: ChildProcess) => void;
}

/** Preferences of all shells of one test file. */
const home = join(root, 'out', 'test-home');

export function lathe(args: readonly string[], options: ShellOptions = {}): Promise<ShellResult> {
  const [command = '', ...before] = options.command ?? [process.execPath, launcher];
  const child = spawn(command, [...before, ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, LATHE_HOME: home, LATHE_TEST: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.onStdout?.(text, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    options.onStderr?.(text, child);
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The document of a call with `--json`, which must be all that stdout holds. */
export async function latheJson<Document>(args: readonly string[], options: ShellOptions = {}): Promise<Document> {
  const { code, stdout, stderr } = await lathe([...args, '--json'], options);
  if (code !== 0) throw new Error(`lathe ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Document;
}

/** A folder with a copy of the sample in `digits`, removed with the test. */
export function folderWithDigits(): string {
  const folder = temporaryFolder();
  cpSync(digits, join(folder, 'digits'), { recursive: true });
  return folder;
}
