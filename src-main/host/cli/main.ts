/** The shell: finds the command and runs it. */

import packageFile from '../../../package.json';
import { type Command, helpOf, parseCall, type Surroundings, usageError } from './command';
import { commands } from './commands';
import type { Terminal } from './terminal';
import { type Stop, underSignals } from './under-signals';

/** Runs one command line and leaves its exit code in `process.exitCode`. */
export function runShell(args: readonly string[], surroundings: Surroundings): Promise<void> {
  return underSignals((terminal, stop) => dispatch(args, surroundings, terminal, stop));
}

async function dispatch(
  args: readonly string[],
  surroundings: Surroundings,
  terminal: Terminal,
  stop: Stop,
): Promise<void> {
  const [name, ...rest] = args;
  if (name === '--version') return terminal.print(packageFile.version);
  if (name === '--help') return terminal.print(overview());
  if (name === undefined) throw usageError('', 'a command is missing');
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw usageError('', `unknown command "${name}"`);
  const { positionals, options, help } = parseCall(command, rest);
  const call = { positionals, options, terminal, surroundings, signal: stop.signal, stop };
  if (!help) return command.run(call);
  const more = await command.moreHelp?.(call);
  terminal.print(more === undefined ? helpOf(command) : `${helpOf(command)}\n\n${more}`);
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

function firstSentence(text: string): string {
  return text.split('. ')[0]?.replace(/\.$/, '') ?? '';
}
