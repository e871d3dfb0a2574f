import type { ProfileReport } from '../../../contract';
import { defineCommand, parseDims, wholeNumber } from '../command';
import { formatMs, formatShare } from '../format';
import { kernelFacts, originalsText } from '../kernel-facts';
import { withStudio } from '../studio';
import { leftOutLine, textTable } from '../table';
import * as rows from './rows';

export const profile = defineCommand({
  name: 'profile',
  summary:
    "Tells where the time goes: each kernel's time from onnxruntime's own profile, with the nodes of the model whose work it does. Without data on random inputs.",
  arguments: 'MODEL',
  positionals: { min: 1, max: 1 },
  options: {
    data: rows.data,
    dim: rows.dim,
    threads: rows.threads,
    batch: rows.batch,
    runs: { type: 'string', value: 'N', help: 'Measured runs; 20 unless told otherwise.' },
    json: rows.json,
  },
  run: (call) =>
    withStudio(call, async ({ client, terminal, signal }) => {
      const [model] = call.positionals as [string];
      const { data = null, dim, threads = '1', batch = '1', runs = '20', json } = call.options;
      const params = {
        model,
        data,
        dims: parseDims('profile', dim),
        threads: wholeNumber('profile', '--threads', threads),
        batch: wholeNumber('profile', '--batch', batch),
        runs: wholeNumber('profile', '--runs', runs),
      };
      const report = await client.call('profile', params, { signal, progress: terminal.progress });
      if (json) terminal.printJson(report);
      else terminal.print(describeProfile(report));
    }),
});

export function describeProfile(report: ProfileReport): string {
  const { threads, batch, runs, data } = report;
  return [
    report.path,
    textTable({
      columns: [
        { title: 'Time', align: 'right' },
        { title: 'Share', align: 'right' },
        { title: 'Kernel', align: 'left' },
        { title: 'Precision', align: 'left' },
        { title: 'Does the work of', align: 'left' },
      ],
      rows: report.kernels.map((kernel) => [
        formatMs(kernel.milliseconds),
        formatShare(kernel.share),
        kernel.op,
        kernel.precision,
        originalsText(kernel),
      ]),
    }),
    leftOutLine(report.leftOut, 'kernels'),
    '',
    textTable({
      columns: [
        { title: 'Time', align: 'right' },
        { title: 'Share', align: 'right' },
        { title: 'Kernels', align: 'right' },
        { title: 'Op', align: 'left' },
        { title: 'Precision', align: 'left' },
      ],
      rows: report.ops.map((op) => [
        formatMs(op.milliseconds),
        formatShare(op.share),
        String(op.kernels),
        op.op,
        op.precision,
      ]),
    }),
    '',
    `${formatMs(report.milliseconds)} in all kernels of one run: the median of ${runs} runs, ${threads} ${threads === 1 ? 'thread' : 'threads'}, batch ${batch}, ${data === null ? 'random inputs' : data}`,
    kernelFacts(report),
  ]
    .filter((part) => part !== null)
    .join('\n');
}
