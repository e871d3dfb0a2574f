/** Methods and their options as the shell prints them. */

import type { MethodList, OptionSpec } from '../../contract';

type Kind = MethodList[number];
type Method = Kind['methods'][number];

/** All methods of a kind, each with its options. */
export function describeKind(kind: Kind): string {
  return [`${kind.kind}: ${kind.title}`, ...kind.methods.map((method) => describeMethod(kind, method))].join('\n');
}

/** One method with its options, a line each. */
export function describeMethod(kind: Kind, method: Method): string {
  const options = Object.entries(method.options).map(
    ([name, spec]) => `      ${name}=${describeValues(spec)}  ${spec.help}`,
  );
  return [nameMethod(kind, method), ...options].join('\n');
}

/** What there is of a kind, without options. */
export function nameMethods(kind: Kind): string {
  return kind.methods.map((method) => nameMethod(kind, method)).join('\n');
}

function nameMethod({ defaultMethod }: Kind, { name, title, help }: Method): string {
  return `  ${name}${name === defaultMethod ? ' (default)' : ''} – ${title}. ${help}`;
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
