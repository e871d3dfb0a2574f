import { defineCommand, parseDims } from '../command';
import { describeMade, makeVariant } from '../make-variant';
import { readRecipeFile } from '../recipe-file';
import { withStudio } from '../studio';
import * as rows from './rows';

export const run = defineCommand({
  name: 'run',
  summary: 'Makes a variant of a model by a recipe. A finished variant in the folder is never overwritten.',
  arguments: 'RECIPE.json',
  positionals: { min: 1, max: 1 },
  options: {
    model: { type: 'string', value: 'MODEL', help: 'The model to start from.' },
    data: rows.data,
    out: rows.out,
    dim: rows.dim,
    json: rows.json,
  },
  required: ['model', 'out'],
  run: async (call) => {
    const { model, data = null, out, dim, json } = call.options;
    const order = { model: model as string, data, out: out as string, dims: parseDims('run', dim) };
    const recipe = await readRecipeFile(call.positionals[0] as string);
    await withStudio(call, async (waiting) => {
      const made = await makeVariant(waiting, recipe, order);
      if (json) call.terminal.printJson(made.result);
      else call.terminal.print(describeMade(made));
    });
  },
});
