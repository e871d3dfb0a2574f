// @vitest-environment jsdom
import { fireEvent, screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { type Column, SortableTable, sortRows } from '../../../src-renderer/components/sortable-table';
import { show } from '../page';

interface Row {
  readonly id: string;
  readonly size: number | null;
}
const rows: Row[] = [
  { id: 'b', size: 2 },
  { id: 'none', size: null },
  { id: 'a', size: 10 },
];
const columns: Column<Row>[] = [
  { key: 'id', title: 'Name', render: (row) => row.id, sortBy: (row) => row.id },
  { key: 'size', title: 'Size', render: (row) => row.size, sortBy: (row) => row.size, first: 'descending' },
];
const ids = (list: readonly Row[]) => list.map((row) => row.id);

describe('sortRows', () => {
  it('keeps the order without a sort and puts missing figures last either way', () => {
    expect(ids(sortRows(rows, columns, null))).toEqual(['b', 'none', 'a']);
    expect(ids(sortRows(rows, columns, { key: 'size', direction: 'ascending' }))).toEqual(['b', 'a', 'none']);
    expect(ids(sortRows(rows, columns, { key: 'size', direction: 'descending' }))).toEqual(['a', 'b', 'none']);
  });
});

describe('SortableTable', () => {
  it('sorts by a heading, tells so, and is walked with the keyboard', () => {
    const onSelect = vi.fn();
    show(<SortableTable label="Rows" columns={columns} rows={rows} rowKey={(row) => row.id} onSelect={onSelect} />);
    fireEvent.click(screen.getByRole('button', { name: 'Size' }));
    expect(screen.getByRole('columnheader', { name: 'Size' })).toHaveProperty('ariaSort', 'descending');
    const body = within(screen.getByRole('table', { name: 'Rows' }))
      .getAllByRole('row')
      .slice(1);
    expect(body.map((row) => row.textContent)).toEqual(['a10', 'b2', 'none']);
    body[0]?.focus();
    fireEvent.keyDown(body[0] as HTMLElement, { key: 'ArrowDown' });
    expect(document.activeElement).toBe(body[1]);
    fireEvent.keyDown(body[1] as HTMLElement, { key: 'Enter' });
    expect(onSelect).toHaveBeenCalledWith('b');
  });
});
