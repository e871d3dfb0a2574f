import { Box } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { integer } from '../../components/format';
import { type Column, SortableTable } from '../../components/sortable-table';

interface OpRow {
  readonly op: string;
  readonly count: number;
}

/** How often each operator occurs, as a table whose figures carry their own bars. */
export function OpCounts({ ops }: { ops: Readonly<Record<string, number>> }) {
  const { t } = useTranslation();
  const rows = useMemo(() => Object.entries(ops).map(([op, count]) => ({ op, count })), [ops]);
  const most = Math.max(1, ...rows.map((row) => row.count));
  const columns: Column<OpRow>[] = [
    { key: 'op', title: t('inspect.op'), render: (row) => row.op, sortBy: (row) => row.op, width: '40%' },
    {
      key: 'count',
      title: t('inspect.count'),
      first: 'descending',
      sortBy: (row) => row.count,
      render: (row) => (
        <Box style={{ display: 'flex', alignItems: 'center', gap: 8 }}>
          <span style={{ minWidth: 34, textAlign: 'right' }}>{integer(row.count)}</span>
          <Box
            h={8}
            bg="var(--mantine-color-indigo-4)"
            style={{ width: `${(row.count / most) * 100}%`, maxWidth: 'calc(100% - 42px)', borderRadius: 2 }}
          />
        </Box>
      ),
    },
  ];
  return (
    <SortableTable
      label={t('inspect.ops')}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.op}
      initialSort={{ key: 'count', direction: 'descending' }}
    />
  );
}
