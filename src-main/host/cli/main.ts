/** The shell: finds the command, runs it, and turns what happened into an exit code. */

import packageFile from '../../../package.json';
import { LatheError, toWireError } from '../../contract';
import { type Command, helpOf, parseCall, type Surroundings, usageError } from './command';
import { commands } from './commands';
import { openTerminal, type Terminal } from './terminal';

/** 0 done, 1 the work failed, 2 the call was wrong, 130 Ctrl-C. */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Runs one command line and leaves its exit code in `process.exitCode`. */
export async function runShell(args: readonly string[], surroundings: Surroundings): Promise<void> {
  const terminal = openTerminal(process.stdout, process.stderr);
  const interruption = new AbortController();
  let interrupted = false;
  // The first Ctrl-C lets the command clean up; a second one does not wait for it.
  const onSignal = (): void => {
    if (interrupted) process.exit(exitCodes.interrupted);
    interrupted = true;
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
    await dispatch(args, surroundings, terminal, interruption.signal);
    process.exitCode = interrupted ? exitCodes.interrupted : exitCodes.done;
  } catch (thrown) {
    terminal.endProgress();
    process.exitCode = interrupted ? exitCodes.interrupted : exitCodeOf(thrown);
    if (!interrupted) terminal.say(describeFailure(thrown));
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

async function dispatch(
  args: readonly string[],
  surroundings: Surroundings,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const [name, ...rest] = args;
  if (name === '--version') return terminal.print(packageFile.version);
  if (name === '--help') return terminal.print(overview());
  if (name === undefined) throw usageError('', 'a command is missing');
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw usageError('', `unknown command "${name}"`);
  const { positionals, options, help } = parseCall(command, rest);
  if (help) return terminal.print(helpOf(command));
  await command.run({ positionals, options, terminal, surroundings, signal });
}

function overview(): string {
  const width = Math.max(...commands.map((command) => heading(command).length));
  return [
    'lathe COMMAND …: prune, quantize and distil ONNX models, and see what each choice costs.',
    '',
    ...commands.map((command) => `  ${heading(command).padEnd(width)}  ${firstSentence(command.summary)}`),
    '',
    '`lathe COMMAND --help` tells the options of one; `lathe --version` the version.',
  ].join('\n');
}

function heading(command: Command): string {
  return `${command.name} ${command.arguments}`.trimEnd();
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

function firstSentence(text: string): string {
  return text.split('. ')[0]?.replace(/\.$/, '') ?? '';
}
