/** A command of the shell as data: the same rows parse the call, print the help and document it. */

import { parseArgs } from 'node:util';
import { LatheError } from '../../contract';
import type { Terminal } from './terminal';
import type { Stop } from './under-signals';

/** What the entry module knows about its place on disk. */
export interface Surroundings {
  /** The engine process's entry. */
  readonly engine: URL;
  /** The folder of the studio's built pages; `beforeBuild` is called where they have to be built first. */
  readonly pages: (beforeBuild: () => void) => Promise<string>;
  /** The folder of Lathe itself, where the bundled sample lies. */
  readonly root: string;
}

export interface OptionRow {
  readonly type: 'string' | 'boolean';
  /** May be given several times. */
  readonly multiple?: true;
  /** The word for its value in the help: `DIR`. */
  readonly value?: string;
  readonly help: string;
}
export type OptionRows = Readonly<Record<string, OptionRow>>;

export type OptionsOf<Rows extends OptionRows> = {
  readonly [Name in keyof Rows]: Rows[Name] extends { type: 'boolean' }
    ? boolean
    : Rows[Name] extends { multiple: true }
      ? readonly string[]
      : string | undefined;
};

export interface Call<Rows extends OptionRows = OptionRows> {
  readonly positionals: readonly string[];
  readonly options: OptionsOf<Rows>;
  readonly terminal: Terminal;
  readonly surroundings: Surroundings;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  readonly stop: Stop;
}

export interface Command<Rows extends OptionRows = OptionRows> {
  readonly name: string;
  readonly summary: string;
  /** What follows the name: `MODEL`, `PROJECT|DIR...`. */
  readonly arguments: string;
  readonly positionals: { readonly min: number; readonly max: number };
  readonly options: Rows;
  /** Options without which the call is wrong. */
  readonly required?: readonly (keyof Rows & string)[];
  /** What stands below the help and has to be asked of the studio. */
  moreHelp?(call: Call<Rows>): Promise<string>;
  run(call: Call<Rows>): Promise<void>;
}

/** Keeps the types of a command's own rows. */
export function defineCommand<const Rows extends OptionRows>(command: Command<Rows>): Command {
  return command as unknown as Command;
}

/** A call that was wrong: exit code 2. */
export function usageError(command: string, what: string): LatheError {
  return new LatheError({
    who: `lathe ${command}`.trim(),
    what,
    next: `see \`lathe ${`${command} `.trimStart()}--help\``,
    code: 'usage',
  });
}

/** @throws LatheError `usage` that names the word that does not fit */
export function parseCall(
  command: Command,
  args: readonly string[],
): { positionals: string[]; options: OptionsOf<OptionRows>; help: boolean } {
  const config: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }> = { help: { type: 'boolean' } };
  for (const [name, row] of Object.entries(command.options)) {
    config[name] = { type: row.type, multiple: row.multiple ?? false };
  }
  let parsed: { positionals: string[]; values: Record<string, unknown> };
  try {
    parsed = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
  } catch (cause) {
    // Node's own advice on `--` after the first sentence does not help here.
    throw usageError(command.name, (cause as Error).message.split('. ')[0] as string);
  }
  const { help = false, ...given } = parsed.values;
  const options: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(command.options)) {
    options[name] = given[name] ?? (row.type === 'boolean' ? false : row.multiple ? [] : undefined);
  }
  if (help !== true) checkCounts(command, parsed.positionals, options);
  return { positionals: parsed.positionals, options: options as OptionsOf<OptionRows>, help: help === true };
}

function checkCounts(command: Command, positionals: readonly string[], options: Record<string, unknown>): void {
  const { min, max } = command.positionals;
  if (positionals.length < min) throw usageError(command.name, `${command.arguments} is missing`);
  if (positionals.length > max) throw usageError(command.name, `unexpected argument "${positionals[max]}"`);
  for (const name of command.required ?? []) {
    if (options[name] === undefined) throw usageError(command.name, `--${name} is missing`);
  }
}

/** `--dim sequence=128 --dim batch=1` as an object. */
export function parseDims(command: string, texts: readonly string[]): Record<string, number> {
  const dims: Record<string, number> = {};
  for (const [name, text] of parsePairs(command, 'dim', texts))
    dims[name] = wholeNumber(command, `--dim ${name}`, text, 0);
  return dims;
}

/** `key=value` texts, the value up to the end. */
export function parsePairs(command: string, option: string, texts: readonly string[]): [string, string][] {
  return texts.map((text) => {
    const at = text.indexOf('=');
    if (at <= 0) throw usageError(command, `--${option} expects name=value, got "${text}"`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
}

/** A positive whole number. */
export function wholeNumber(command: string, what: string, text: string, least = 1): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value)) {
    throw usageError(command, `${what} expects a whole number of at least ${least}, got "${text}"`);
  }
  return value;
}

/** The text that `--help` prints. */
export function helpOf(command: Command): string {
  const required = new Set<string>(command.required ?? []);
  const words = Object.entries(command.options).map(([name, row]) => {
    const word = row.type === 'boolean' ? `--${name}` : `--${name} ${row.value ?? 'TEXT'}`;
    return required.has(name) ? word : `[${word}]${row.multiple ? '...' : ''}`;
  });
  const rows = Object.entries({ ...command.options, help: { type: 'boolean', help: 'This text.' } as OptionRow }).map(
    ([name, row]) => [row.type === 'boolean' ? `--${name}` : `--${name} ${row.value ?? 'TEXT'}`, row.help] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `lathe ${[command.name, command.arguments, ...words].filter((word) => word !== '').join(' ')}`,
    '',
    command.summary,
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
  ].join('\n');
}
