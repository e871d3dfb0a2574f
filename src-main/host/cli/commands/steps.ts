import { type MethodList, parseSetting, type Recipe, type StepKindName, stepKinds } from '../../../contract';
import { type Command, defineCommand, parseDims, parsePairs, usageError } from '../command';
import type { Waiting } from '../jobs';
import { describeMade, makeVariant } from '../make-variant';
import { describeMethod, nameMethods } from '../method-text';
import { withStudio } from '../studio';
import * as rows from './rows';

const summaries: Readonly<Record<StepKindName, string>> = {
  clean: 'Tidies a model without changing what it answers.',
  prune: 'Removes weights that matter least.',
  quantize: 'Stores and computes with fewer bits.',
  distil: 'Trains a model to answer like the original.',
};

/** `lathe quantize MODEL …`: shorthand that writes and runs a recipe of one step. */
export const steps: readonly Command[] = stepKinds.map((kind) =>
  defineCommand({
    name: kind,
    summary: `${summaries[kind]} Shorthand for a recipe of one step.`,
    arguments: 'MODEL',
    positionals: { min: 1, max: 1 },
    options: {
      data: rows.data,
      out: rows.out,
      method: {
        type: 'string',
        value: 'NAME',
        help: 'One of those below; with --help: tell the options of this one.',
      },
      set: { type: 'string', multiple: true, value: 'KEY=VALUE', help: 'An option of the method.' },
      dim: rows.dim,
      json: rows.json,
    },
    required: ['out'],
    moreHelp: (call) =>
      withStudio(call, async (waiting) => {
        const { method } = call.options;
        if (method === undefined) return nameMethods(await offeredOf(waiting, kind));
        return describeMethod(...(await findMethod(waiting, kind, method)));
      }),
    run: (call) => {
      const { data = null, out, method, set, dim, json } = call.options;
      const [model] = call.positionals as [string];
      const order = { model, data, out: out as string, dims: parseDims(kind, dim) };
      const settings = parsePairs(kind, 'set', set);
      return withStudio(call, async (waiting) => {
        const recipe = await oneStepRecipe(waiting, kind, method, settings);
        const made = await makeVariant(waiting, recipe, order);
        if (json) call.terminal.printJson(made.result);
        else call.terminal.print(describeMade(made));
      });
    },
  }),
);

async function oneStepRecipe(
  waiting: Waiting,
  kind: StepKindName,
  named: string | undefined,
  settings: readonly (readonly [string, string])[],
): Promise<Recipe> {
  const [, method] = await findMethod(waiting, kind, named);
  const options = Object.fromEntries(settings.map(([key, text]) => [key, parseSetting(method.options[key], text)]));
  return { lathe: 1, steps: [{ kind, method: method.name, options }] };
}

type Offered = MethodList[number];

/** @param named the kind's default where absent */
async function findMethod(
  waiting: Waiting,
  kind: StepKindName,
  named: string | undefined,
): Promise<[Offered, Offered['methods'][number]]> {
  const offered = await offeredOf(waiting, kind);
  const name = named ?? offered.defaultMethod;
  const method = offered.methods.find((candidate) => candidate.name === name);
  if (method !== undefined) return [offered, method];
  const known = offered.methods.map((candidate) => candidate.name).join(', ');
  throw usageError(kind, `unknown method "${name}" (there is ${known})`);
}

async function offeredOf({ client, signal }: Waiting, kind: StepKindName): Promise<Offered> {
  const list = await client.call('methods', {}, { signal });
  return list.find((candidate) => candidate.kind === kind) as Offered;
}
