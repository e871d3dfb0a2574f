/** The whole job on the bundled sample: baseline, variants, trade-off, export; and the README's table from it. */

import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { Recipe, TradeOff } from '../../contract';
import type { Surroundings } from './command';
import { describeTradeOff } from './commands/compare';
import { finishJob, type Waiting } from './jobs';

import { withStudio } from './studio';
import { markdownTable } from './table';
import { conditionsLines, tradeOffLegend, tradeOffTable } from './trade-off-table';
import { underSignals } from './under-signals';

/** What the demo makes, in this order. */
const recipes: readonly Recipe[] = [
  recipe('int8, per channel', { kind: 'quantize', method: 'static-int8', options: { granularity: 'per-channel' } }),
  recipe('int8, per tensor', { kind: 'quantize', method: 'static-int8', options: { granularity: 'per-tensor' } }),
  recipe('int8, dynamic', { kind: 'quantize', method: 'dynamic-int8' }),
  recipe('fp16', { kind: 'quantize', method: 'fp16' }),
  recipe('pruned 50 %', { kind: 'prune', method: 'magnitude', options: { sparsity: 0.5, scope: 'global' } }),
  recipe(
    'pruned 50 %, int8',
    { kind: 'prune', method: 'magnitude', options: { sparsity: 0.5, scope: 'global' } },
    { kind: 'quantize', method: 'static-int8', options: { granularity: 'per-channel' } },
  ),
];

function recipe(name: string, ...steps: Recipe['steps']): Recipe {
  return { lathe: 1, name, seed: 0, steps };
}

/** Runs it and leaves its exit code in `process.exitCode`. */
export function runDemo(args: readonly string[], surroundings: Surroundings): Promise<void> {
  return underSignals(async (terminal, stop) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        out: { type: 'string', default: join(surroundings.root, 'out', 'demo') },
        readme: { type: 'string', default: join(surroundings.root, 'README.md') },
      },
    });
    await rm(values.out, { recursive: true, force: true });
    await withStudio({ surroundings, terminal, signal: stop.signal, stop }, (waiting) =>
      showAll(waiting, surroundings.root, values),
    );
  });
}

async function showAll(
  waiting: Waiting,
  root: string,
  { out, readme }: { readonly out: string; readonly readme: string },
): Promise<void> {
  const { client, terminal, signal } = waiting;
  const sample = join(root, 'test', 'samples', 'digits');
  const model = join(sample, 'model.onnx');
  const { path: project } = await client.call('createProject', { model, folder: join(out, 'digits') }, { signal });
  await client.call('setData', { project, data: sample }, { signal });
  terminal.say('Measuring the baseline …');
  await finishJob(waiting, project, (await client.call('measureBaseline', { project })).job);

  for (const one of recipes) {
    terminal.say(`Making and measuring “${one.name}” …`);
    const { job } = await client.call('makeVariant', { project, recipe: one });
    await finishJob(waiting, project, job);
  }
  const tradeOff = await client.call('compare', { projects: [project] }, { signal });
  terminal.print(`\n${describeTradeOff(tradeOff)}\n`);
  await exportChoice(waiting, project, tradeOff, join(out, 'export'));
  await rewriteTable(readme, tradeOff);
  terminal.print(`The table in ${relative(root, readme)} was rewritten with these figures.`);
  terminal.print(`Open all of it in the studio:\n  npm run -s lathe -- studio ${relative(root, project)}`);
}

/** The smallest variant whose quality is the baseline's, as far as the measurement can tell. */
async function exportChoice(waiting: Waiting, project: string, tradeOff: TradeOff, to: string): Promise<void> {
  const { client, terminal } = waiting;
  const quality = tradeOff.quality ?? '';
  const asGood = tradeOff.rows.filter(
    ({ baseline, evaluation }) => !baseline && evaluation.differences?.[quality]?.insideNoise !== false,
  );
  const [choice] = asGood.sort((a, b) => a.evaluation.deflatedBytes - b.evaluation.deflatedBytes);
  if (choice === undefined) return terminal.print('No variant is as good as the baseline: nothing is exported.');
  const { job } = await client.call('exportVariant', { project, variant: choice.id, to });
  const { output } = await finishJob(waiting, project, job);
  terminal.print(`Exported “${choice.name}”, the smallest that is as good as the baseline:`);
  terminal.print(`  ${output?.model.path}\n  ${output?.reportHtml}`);
}

const begin = '<!-- trade-off: made by `npm run demo` -->';
const end = '<!-- /trade-off -->';

async function rewriteTable(readme: string, tradeOff: TradeOff): Promise<void> {
  const text = await readFile(readme, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${readme} has no place for the table between ${begin} and ${end}`);
  const legend = [tradeOffLegend(tradeOff), ...conditionsLines(tradeOff)].join('  \n');
  const table = `${markdownTable(tradeOffTable(tradeOff))}\n\n${legend}`;
  const whole = `${text.slice(0, from)}${begin}\n${table}\n${text.slice(to)}`;
  await writeFile(`${readme}.new`, whole);
  await rename(`${readme}.new`, readme);
}
