import type { TradeOff } from '../../../contract';
import { defineCommand } from '../command';
import { finishJob, type Waiting } from '../jobs';
import { withStudio } from '../studio';
import { textTable } from '../table';
import { conditionsLines, tradeOffLegend, tradeOffTable } from '../trade-off-table';
import * as rows from './rows';

export const compare = defineCommand({
  name: 'compare',
  summary: 'Sets the variants of projects against their baseline. Measures first what is not measured yet.',
  arguments: 'PROJECT|DIR...',
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  options: { json: rows.json },
  run: (call) =>
    withStudio(call, async (waiting) => {
      const projects: string[] = [];
      for (const folder of call.positionals) projects.push(await measureMissing(waiting, folder));
      const tradeOff = await waiting.client.call('compare', { projects }, { signal: waiting.signal });
      if (call.options.json) call.terminal.printJson(tradeOff);
      else call.terminal.print(describeTradeOff(tradeOff));
    }),
});

/** @returns the project's folder */
export async function measureMissing(waiting: Waiting, folder: string): Promise<string> {
  const { client, signal } = waiting;
  const state = await client.call('openProject', { project: folder }, { signal });
  const project = state.path;
  if (state.baseline === null) {
    const { job } = await client.call('measureBaseline', { project });
    await finishJob(waiting, project, job);
  }
  for (const { variant, evaluation } of state.variants) {
    if (evaluation !== null) continue;
    const { job } = await client.call('evaluateVariant', { project, variant: variant.id });
    await finishJob(waiting, project, job);
  }
  return project;
}

export function describeTradeOff(tradeOff: TradeOff): string {
  const table = textTable(tradeOffTable(tradeOff));
  return [table, '', tradeOffLegend(tradeOff), ...conditionsLines(tradeOff), ...cautions(tradeOff)].join('\n');
}

/** What the evaluations warn of, each sentence once. */
function cautions({ rows: entries }: TradeOff): string[] {
  const messages = entries.flatMap(({ evaluation }) => evaluation.warnings.map(({ message }) => `! ${message}`));
  return [...new Set(messages)];
}
