import { Alert, List } from '@mantine/core';
import { Icon } from './icon';

export interface Warning {
  readonly code: string;
  readonly message: string;
}

/** Codes that mean: stop and look, the figures below are probably not what you think. */
const loud: ReadonlySet<string> = new Set(['near-chance', 'one-class', 'non-finite']);

/** Warnings of a report or an evaluation; those that put the figures in doubt come first and in red. */
export function Warnings({ warnings, title }: { warnings: readonly Warning[]; title: string }) {
  const red = warnings.filter((warning) => loud.has(warning.code));
  const rest = warnings.filter((warning) => !loud.has(warning.code));
  return (
    <>
      {red.map((warning) => (
        <Alert key={warning.code} color="red" variant="light" icon={<Icon name="warning" />} role="alert" title={title}>
          {warning.message}
        </Alert>
      ))}
      {rest.length > 0 && (
        <Alert color="yellow" variant="light" icon={<Icon name="info" />} title={red.length > 0 ? undefined : title}>
          <List size="sm" spacing={4} listStyleType={rest.length > 1 ? 'disc' : 'none'}>
            {rest.map((warning) => (
              <List.Item key={`${warning.code} ${warning.message}`}>{warning.message}</List.Item>
            ))}
          </List>
        </Alert>
      )}
    </>
  );
}
