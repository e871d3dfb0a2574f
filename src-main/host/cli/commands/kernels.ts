import type { KernelsReport } from '../../../contract';
import { defineCommand } from '../command';
import { kernelFacts, originalsText } from '../kernel-facts';
import { withStudio } from '../studio';
import { leftOutLine, textTable } from '../table';
import * as rows from './rows';

export const kernels = defineCommand({
  name: 'kernels',
  summary:
    'Tells what onnxruntime on this machine makes of a model: its kernels, their precision, which nodes each stands for, and the Q/DQ pairs that none took in. Nothing is run.',
  arguments: 'MODEL',
  positionals: { min: 1, max: 1 },
  options: { json: rows.json },
  run: (call) =>
    withStudio(call, async ({ client, terminal, signal }) => {
      const [model] = call.positionals as [string];
      const report = await client.call('kernels', { model }, { signal, progress: terminal.progress });
      if (call.options.json) terminal.printJson(report);
      else terminal.print(describeKernels(report));
    }),
});

export function describeKernels(report: KernelsReport): string {
  return [
    report.path,
    textTable({
      columns: [
        { title: 'Kernel', align: 'left' },
        { title: 'Precision', align: 'left' },
        { title: 'Does the work of', align: 'left' },
      ],
      rows: report.kernels.map((kernel) => [kernel.op, kernel.precision, originalsText(kernel)]),
    }),
    leftOutLine(report.leftOut, 'kernels'),
    '',
    kernelFacts(report),
  ]
    .filter((part) => part !== null)
    .join('\n');
}
