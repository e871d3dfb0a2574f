import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDeferredValue, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { integer } from './format';
import { Icon } from './icon';
import { SortableTable, type SortableTableProps } from './sortable-table';

/** More rows than that at once make a page slow to scroll. */
const rowsAtOnce = 100;

export interface LongTableProps<Row> extends Omit<SortableTableProps<Row>, 'limit'> {
  /** What the filter looks through. */
  readonly textOf: (row: Row) => string;
  /** Rows that the document has no room for. */
  readonly leftOut?: number;
  /** Kept outside where something else sets it too. */
  readonly filter?: { readonly text: string; readonly set: (text: string) => void };
}

/** A table of thousands of rows: filtered by words, sorted as a whole, drawn a part at a time. */
export function LongTable<Row>({ textOf, leftOut = 0, filter, ...table }: LongTableProps<Row>) {
  const { t } = useTranslation();
  const [own, setOwn] = useState('');
  const { text, set } = filter ?? { text: own, set: setOwn };
  const [limit, setLimit] = useState(rowsAtOnce);
  const words = useDeferredValue(text).toLowerCase().split(/\s+/).filter(Boolean);
  const key = words.join(' ');
  const { rows } = table;
  const found = useMemo(() => {
    const asked = key.split(' ').filter(Boolean);
    return rows.filter((row) => {
      const within = textOf(row).toLowerCase();
      return asked.every((word) => within.includes(word));
    });
  }, [rows, key, textOf]);
  const more = found.length - limit;
  return (
    <Stack gap="xs">
      <Group justify="space-between" align="flex-end">
        <TextInput
          aria-label={t('inside.filter')}
          placeholder={t('inside.filter')}
          leftSection={<Icon name="search" size={14} />}
          size="xs"
          w={280}
          value={text}
          onChange={(event) => set(event.currentTarget.value)}
        />
        <Text size="xs" c="dimmed" className="figures" role="status">
          {t('inside.found', { found: integer(found.length), all: integer(rows.length) })}
        </Text>
      </Group>
      <SortableTable {...table} rows={found} limit={limit} />
      {found.length === 0 && (
        <Text size="sm" c="dimmed" ta="center">
          {t('inside.nothing')}
        </Text>
      )}
      {more > 0 && (
        <Button variant="subtle" size="compact-sm" onClick={() => setLimit(limit + 5 * rowsAtOnce)}>
          {t('inside.more', { count: Math.min(more, 5 * rowsAtOnce) })}
        </Button>
      )}
      {leftOut > 0 && (
        <Text size="xs" c="dimmed">
          {t('inside.leftOut', { count: leftOut })}
        </Text>
      )}
    </Stack>
  );
}
