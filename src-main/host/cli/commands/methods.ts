import type { MethodList } from '../../../contract';
import { defineCommand, usageError } from '../command';
import { describeKind, describeMethod } from '../method-text';
import { withStudio } from '../studio';
import * as rows from './rows';

export const methods = defineCommand({
  name: 'methods',
  summary: 'Lists the kinds of step, their methods and the options of each; with a name, those of that kind or method.',
  arguments: '[KIND|METHOD]',
  positionals: { min: 0, max: 1 },
  options: { json: rows.json },
  run: (call) =>
    withStudio(call, async ({ client, terminal, signal }) => {
      const list = named(await client.call('methods', {}, { signal }), call.positionals[0]);
      if (call.options.json) terminal.printJson(list);
      else terminal.print(described(list, call.positionals[0]));
    }),
});

/** A kind by its name with all its methods, or a method by its name alone in its kind; everything without a name. */
function named(list: MethodList, name: string | undefined): MethodList {
  if (name === undefined) return list;
  const kinds = list.filter(({ kind }) => kind === name);
  // `distil` is both: the kind holds the method of that name.
  if (kinds.length > 0) return kinds;
  const found = list
    .map((kind) => ({ ...kind, methods: kind.methods.filter((method) => method.name === name) }))
    .filter((kind) => kind.methods.length > 0);
  if (found.length > 0) return found;
  const kindNames = list.map(({ kind }) => kind).join(', ');
  throw usageError('methods', `neither a kind of step (${kindNames}) nor one of their methods is named "${name}"`);
}

function described(list: MethodList, name: string | undefined): string {
  const isMethod = name !== undefined && list.every(({ kind }) => kind !== name);
  if (!isMethod) return list.map(describeKind).join('\n\n');
  return list.flatMap((kind) => kind.methods.map((method) => describeMethod(kind, method))).join('\n');
}
