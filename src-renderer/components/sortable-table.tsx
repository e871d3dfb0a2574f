import { Box, Table, Tooltip, UnstyledButton } from '@mantine/core';
import { type CSSProperties, type KeyboardEvent, type ReactNode, useMemo, useState } from 'react';
import { Icon } from './icon';

export interface Column<Row> {
  readonly key: string;
  readonly title: ReactNode;
  readonly help?: string;
  /** Figures stand right. */
  readonly align?: 'left' | 'right';
  readonly render: (row: Row) => ReactNode;
  /** Left out: the column does not sort. Rows with null come last either way. */
  readonly sortBy?: (row: Row) => number | string | null;
  /** The direction of the first click. */
  readonly first?: 'ascending' | 'descending';
  readonly width?: number | string;
}

export interface SortableTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly initialSort?: { readonly key: string; readonly direction: Direction };
  /** Rows drawn at most, from the first of the sort; all where absent. */
  readonly limit?: number | undefined;
  readonly rowStyle?: (row: Row) => CSSProperties | undefined;
  readonly selected?: string | null;
  readonly highlighted?: string | null;
  readonly onSelect?: (key: string) => void;
  readonly onHover?: (key: string | null) => void;
}
type Direction = 'ascending' | 'descending';

/** A dense table that sorts by its headings and can be walked with the keyboard. */
export function SortableTable<Row>(props: SortableTableProps<Row>) {
  const { columns, rows, rowKey } = props;
  const [sort, setSort] = useState(props.initialSort ?? null);
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort]);
  const toggle = (column: Column<Row>) =>
    setSort((old) => ({ key: column.key, direction: nextDirection(old, column.key, column.first ?? 'ascending') }));
  return (
    <Table.ScrollContainer minWidth={0} type="native">
      <Table aria-label={props.label} verticalSpacing={5} horizontalSpacing="sm" className="figures" fz="sm">
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th
                key={column.key}
                aria-sort={sort?.key === column.key ? sort.direction : column.sortBy ? 'none' : undefined}
                style={{ textAlign: column.align ?? 'left', whiteSpace: 'nowrap', width: column.width }}
                scope="col"
              >
                <Heading
                  column={column}
                  direction={sort?.key === column.key ? sort.direction : null}
                  onSort={() => toggle(column)}
                />
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody onMouseLeave={() => props.onHover?.(null)}>
          {sorted.slice(0, props.limit).map((row) => (
            <Row key={rowKey(row)} row={row} {...props} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Heading<Row>(props: { column: Column<Row>; direction: Direction | null; onSort: () => void }) {
  const { column, direction } = props;
  const text = (
    <Box component="span" style={{ display: 'inline-flex', alignItems: 'center', gap: 2 }}>
      {column.title}
      {direction !== null && <Icon name={direction === 'ascending' ? 'chevronUp' : 'chevronDown'} size={12} />}
    </Box>
  );
  const heading =
    column.sortBy === undefined ? (
      text
    ) : (
      <UnstyledButton fz="inherit" fw="inherit" onClick={props.onSort}>
        {text}
      </UnstyledButton>
    );
  return column.help === undefined ? (
    heading
  ) : (
    <Tooltip label={column.help} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      {heading}
    </Tooltip>
  );
}

function Row<Row>(props: SortableTableProps<Row> & { row: Row }) {
  const { row, columns, rowKey, onSelect, onHover } = props;
  const key = rowKey(row);
  const choose = onSelect === undefined ? undefined : () => onSelect(key);
  const keyboard = (event: KeyboardEvent<HTMLTableRowElement>) => {
    if (event.target !== event.currentTarget) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      choose?.();
    } else if (event.key === 'ArrowDown') focusSibling(event, 'nextElementSibling');
    else if (event.key === 'ArrowUp') focusSibling(event, 'previousElementSibling');
  };
  return (
    <Table.Tr
      data-row={key}
      data-highlighted={props.highlighted === key || undefined}
      data-selected={props.selected === key || undefined}
      aria-current={choose !== undefined && props.selected === key ? true : undefined}
      tabIndex={choose === undefined ? undefined : 0}
      onClick={choose}
      onKeyDown={choose === undefined ? undefined : keyboard}
      onMouseEnter={onHover === undefined ? undefined : () => onHover(key)}
      onFocus={onHover === undefined ? undefined : () => onHover(key)}
      style={{ cursor: choose === undefined ? undefined : 'pointer', ...props.rowStyle?.(row) }}
    >
      {columns.map((column) => (
        <Table.Td key={column.key} style={{ textAlign: column.align ?? 'left' }}>
          {column.render(row)}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

function focusSibling(event: KeyboardEvent<HTMLElement>, side: 'nextElementSibling' | 'previousElementSibling'): void {
  const next = event.currentTarget[side];
  if (next instanceof HTMLElement) {
    event.preventDefault();
    next.focus();
  }
}

function nextDirection(old: { key: string; direction: Direction } | null, key: string, first: Direction): Direction {
  if (old?.key !== key) return first;
  return old.direction === 'ascending' ? 'descending' : 'ascending';
}

/** Rows in the order asked for; equal rows keep theirs. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: { readonly key: string; readonly direction: Direction } | null,
): readonly Row[] {
  const sortBy = columns.find((column) => column.key === sort?.key)?.sortBy;
  if (sort === null || sortBy === undefined) return rows;
  const sign = sort.direction === 'ascending' ? 1 : -1;
  return [...rows].sort((left, right) => {
    const a = sortBy(left);
    const b = sortBy(right);
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (typeof a === 'string' ? a.localeCompare(String(b)) : a - Number(b));
  });
}
