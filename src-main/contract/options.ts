/**
 * Option specs: the one description of a method's options. They check recipes, make the shell's flags and draw
 * the forms, so a new method needs no change of screen or shell.
 */

import { z } from 'zod';
import { LatheError } from './error';

interface SpecBase {
  /** Shown beside the field: `Sparsity`. */
  readonly title: string;
  /** One sentence on what it does and when to change it. */
  readonly help: string;
  /** True for what a user seldom needs: drawn in a drawer. */
  readonly advanced?: boolean | undefined;
}

export interface NumberSpec extends SpecBase {
  readonly kind: 'number' | 'integer';
  readonly default: number;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** `%`, `ms`, `samples`; a share 0…1 has the unit `share`. */
  readonly unit?: string | undefined;
}
export interface BooleanSpec extends SpecBase {
  readonly kind: 'boolean';
  readonly default: boolean;
}
export interface ChoiceSpec<Value extends string = string> extends SpecBase {
  readonly kind: 'choice';
  readonly default: Value;
  readonly choices: readonly { readonly value: Value; readonly title: string }[];
}
export interface TextSpec extends SpecBase {
  /** `path`: a file or folder on this machine. Empty = not given. */
  readonly kind: 'text' | 'path';
  readonly default: string;
}
export interface ListSpec extends SpecBase {
  readonly kind: 'list';
  readonly default: readonly string[];
}

export type OptionSpec = NumberSpec | BooleanSpec | ChoiceSpec | TextSpec | ListSpec;
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
export type OptionValue = number | boolean | string | readonly string[];

/** The values that a spec table admits, by its literal types. */
export type OptionValues<Specs extends OptionSpecs = OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends NumberSpec
    ? number
    : Specs[Name] extends BooleanSpec
      ? boolean
      : Specs[Name] extends ChoiceSpec<infer Value>
        ? Value
        : Specs[Name] extends ListSpec
          ? readonly string[]
          : string;
};

const specBase = { title: z.string(), help: z.string(), advanced: z.boolean().optional() };
/** For specs that cross a border as data. */
export const optionSpecSchema = z.discriminatedUnion('kind', [
  z.object({
    ...specBase,
    kind: z.enum(['number', 'integer']),
    default: z.number(),
    min: z.number().optional(),
    max: z.number().optional(),
    unit: z.string().optional(),
  }),
  z.object({ ...specBase, kind: z.literal('boolean'), default: z.boolean() }),
  z.object({
    ...specBase,
    kind: z.literal('choice'),
    default: z.string(),
    choices: z.array(z.object({ value: z.string(), title: z.string() })),
  }),
  z.object({ ...specBase, kind: z.enum(['text', 'path']), default: z.string() }),
  z.object({ ...specBase, kind: z.literal('list'), default: z.array(z.string()) }),
]);

/**
 * Checks given options against their specs and fills in the defaults.
 * @param where the field that holds the options, e.g. `steps[0].options`
 * @throws LatheError that names the unknown or unfit option as a field (`steps[0].options.sparsity`) and says what is
 * allowed
 */
export function resolveOptions<Specs extends OptionSpecs>(
  specs: Specs,
  given: Readonly<Record<string, unknown>>,
  where: string,
): OptionValues<Specs> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(specs, name)) {
      const known = Object.keys(specs);
      throw new LatheError({
        who: `${where}.${name}`,
        what: 'is not an option of this method',
        next: known.length === 0 ? 'it has none' : `it knows ${known.join(', ')}`,
        code: 'usage',
      });
    }
  }
  const values: Record<string, OptionValue> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    values[name] = value === undefined ? spec.default : checkOption(name, spec, value, where);
  }
  return values as OptionValues<Specs>;
}

function checkOption(name: string, spec: OptionSpec, value: unknown, where: string): OptionValue {
  const refuse = (expected: string): never => {
    throw new LatheError({
      who: `${where}.${name}`,
      what: `expects ${expected}, got ${JSON.stringify(value)}`,
      code: 'usage',
    });
  };
  switch (spec.kind) {
    case 'number':
    case 'integer': {
      const range = rangeText(spec);
      if (typeof value !== 'number' || !Number.isFinite(value)) return refuse(`a number${range}`);
      if (spec.kind === 'integer' && !Number.isInteger(value)) return refuse(`a whole number${range}`);
      if (value < (spec.min ?? -Infinity) || value > (spec.max ?? Infinity)) return refuse(`a number${range}`);
      return value;
    }
    case 'boolean':
      return typeof value === 'boolean' ? value : refuse('true or false');
    case 'choice': {
      const choices = spec.choices.map((choice) => choice.value);
      return typeof value === 'string' && choices.includes(value) ? value : refuse(`one of ${choices.join(', ')}`);
    }
    case 'text':
    case 'path':
      return typeof value === 'string' ? value : refuse('a text');
    case 'list':
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
        ? (value as string[])
        : refuse('a list of texts');
  }
}

function rangeText(spec: NumberSpec): string {
  if (spec.min !== undefined && spec.max !== undefined) return ` from ${spec.min} to ${spec.max}`;
  if (spec.min !== undefined) return ` of at least ${spec.min}`;
  return spec.max === undefined ? '' : ` of at most ${spec.max}`;
}

/** A shell's `--set key=value` text as the value that the spec asks for; unfit text is left for {@link resolveOptions}. */
export function parseSetting(spec: OptionSpec | undefined, text: string): unknown {
  switch (spec?.kind) {
    case 'number':
    case 'integer':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'list':
      return text === '' ? [] : text.split(',');
    default:
      return text;
  }
}
