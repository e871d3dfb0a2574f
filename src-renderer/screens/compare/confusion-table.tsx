import { Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** A confusion matrix as what it is: a table; the darker, the more samples of that class. */
export function ConfusionTable(props: { names: readonly string[]; counts: readonly (readonly number[])[] }) {
  const { t } = useTranslation();
  const { names, counts } = props;
  return (
    <Table.ScrollContainer minWidth={0} type="native">
      <Table
        aria-label={t('classes.confusion')}
        fz="xs"
        className="figures"
        withColumnBorders
        withTableBorder
        horizontalSpacing={5}
        verticalSpacing={3}
        w="auto"
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">
              <Text span size="xs" c="dimmed">
                {t('classes.corner')}
              </Text>
            </Table.Th>
            {names.map((name) => (
              <Table.Th key={name} scope="col" ta="right">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {counts.map((row, truth) => (
            <Table.Tr key={names[truth]}>
              <Table.Th scope="row">{names[truth]}</Table.Th>
              {row.map((count, predicted) => (
                <Table.Td
                  key={names[predicted]}
                  ta="right"
                  c={count === 0 ? 'dimmed' : undefined}
                  fw={count > 0 && truth === predicted ? 600 : undefined}
                  bg={shade(count, Math.max(1, ...row), truth === predicted)}
                >
                  {count}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Right in blue, wrong in red; never so dark that the figure is lost. */
function shade(count: number, most: number, right: boolean): string | undefined {
  if (count === 0) return undefined;
  const strength = Math.round(12 + 24 * (count / most));
  return `color-mix(in srgb, var(--mantine-color-${right ? 'blue' : 'red'}-5) ${strength}%, transparent)`;
}
