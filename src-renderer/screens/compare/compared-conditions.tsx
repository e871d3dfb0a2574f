import { Group, Text } from '@mantine/core';
import { ConditionsLabel } from '../../components/evaluation-figures';
import { type CompareRow, rowsByConditions } from './rows';

/** How the rows were measured: once where that is alike for all, else with the names of the rows that it holds for. */
export function ComparedConditions({ rows }: { rows: readonly CompareRow[] }) {
  const ways = rowsByConditions(rows);
  return ways.map(({ conditions, names }) => (
    <Group key={names.join()} gap={6}>
      {ways.length > 1 && (
        <Text size="xs" fw={600}>
          {names.join(', ')}
        </Text>
      )}
      <ConditionsLabel conditions={conditions} />
    </Group>
  ));
}
