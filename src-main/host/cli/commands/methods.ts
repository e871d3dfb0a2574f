import type { MethodList, OptionSpec } from '../../../contract';
import { defineCommand } from '../command';
import { withStudio } from '../studio';
import * as rows from './rows';

export const methods = defineCommand({
  name: 'methods',
  summary: 'Lists the kinds of step, their methods and the options of each.',
  arguments: '',
  positionals: { min: 0, max: 0 },
  options: { json: rows.json },
  run: (call) =>
    withStudio(call, async ({ client, terminal, signal }) => {
      const list = await client.call('methods', {}, { signal });
      if (call.options.json) terminal.printJson(list);
      else terminal.print(list.map(describeKind).join('\n\n'));
    }),
});

function describeKind({ kind, title, defaultMethod, methods: offered }: MethodList[number]): string {
  const lines = offered.flatMap((method) => [
    `  ${method.name}${method.name === defaultMethod ? ' (default)' : ''} – ${method.title}. ${method.help}`,
    ...Object.entries(method.options).map(([name, spec]) => `      ${name}=${describeValues(spec)}  ${spec.help}`),
  ]);
  return [`${kind}: ${title}`, ...lines].join('\n');
}

/** The default and what else there is: `0.5 (0…1)`, `per-channel (or per-tensor)`. */
function describeValues(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'number':
    case 'integer': {
      const range = [spec.min ?? '', spec.max ?? ''].join('…');
      return `${spec.default}${range === '…' ? '' : ` (${range})`}`;
    }
    case 'choice': {
      const others = spec.choices.map(({ value }) => value).filter((value) => value !== spec.default);
      return `${spec.default}${others.length === 0 ? '' : ` (or ${others.join(', ')})`}`;
    }
    case 'list':
      return spec.default.join(',');
    default:
      return String(spec.default);
  }
}
