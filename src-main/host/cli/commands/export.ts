import { basename, dirname } from 'node:path';
import type { ExportResult } from '../../../contract';
import { defineCommand } from '../command';
import { withStudio } from '../studio';
import * as rows from './rows';

export const exportVariant = defineCommand({
  name: 'export',
  summary:
    'Writes a variant with its recipe and report, loads it again from there and checks it against what was measured.',
  arguments: 'VARIANT',
  positionals: { min: 1, max: 1 },
  options: {
    to: { type: 'string', value: 'DIR', help: 'The folder to write; made where it is missing.' },
    'external-data': { type: 'boolean', help: 'Weights into a file beside the model; above 1.5 GB they always are.' },
    json: rows.json,
  },
  required: ['to'],
  run: (call) =>
    withStudio(call, async ({ client, terminal, signal }) => {
      const [variant] = call.positionals as [string];
      // A variant is a folder; its model names it just as well.
      const folder = basename(variant).endsWith('.onnx') ? dirname(variant) : variant;
      const externalData = call.options['external-data'] ? 'always' : 'auto';
      const params = { folder, to: call.options.to as string, externalData } as const;
      const result = await client.call('exportFolder', params, { signal, progress: terminal.progress });
      if (call.options.json) terminal.printJson(result);
      else terminal.print(describeExport(result));
    }),
});

function describeExport(result: ExportResult): string {
  return [
    ...result.checks.map(({ name, passed, detail }) => `${passed ? '✓' : '✗'} ${name}: ${detail}`),
    result.model.path,
    ...(result.recipe === null ? [] : [result.recipe]),
    result.reportHtml,
    result.reportJson,
  ].join('\n');
}
