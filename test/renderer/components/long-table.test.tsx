// @vitest-environment jsdom
import { fireEvent, screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';
import { LongTable } from '../../../src-renderer/components/long-table';
import type { Column } from '../../../src-renderer/components/sortable-table';
import { show } from '../page';

const columns: Column<number>[] = [
  { key: 'number', title: 'Number', render: (row) => row, sortBy: (row) => row, first: 'descending' },
];
const rows = Array.from({ length: 1000 }, (_, at) => at);
const shown = () =>
  within(screen.getByRole('table', { name: 'Numbers' }))
    .getAllByRole('row')
    .slice(1)
    .map((row) => row.textContent);

it('draws a part of a long list, sorts and filters the whole, and says how much is found', async () => {
  show(
    <LongTable
      label="Numbers"
      columns={columns}
      rows={rows}
      rowKey={String}
      textOf={(row) => `n${row} even${row % 2}`}
      leftOut={7}
    />,
  );
  expect(shown()).toHaveLength(100);
  expect(screen.getByText(/7 more are not listed/)).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Number' }));
  expect(shown()[0]).toBe('999');
  fireEvent.click(screen.getByRole('button', { name: /Show 500 more/ }));
  expect(shown()).toHaveLength(600);
  fireEvent.change(screen.getByLabelText('Filter by operator or name'), { target: { value: 'N12 even0' } });
  expect(await screen.findByText('6 of 1,000')).toBeTruthy();
  expect(shown()).toEqual(['128', '126', '124', '122', '120', '12']);
  fireEvent.change(screen.getByLabelText('Filter by operator or name'), { target: { value: 'nothing like it' } });
  expect(await screen.findByText('Nothing by these words.')).toBeTruthy();
});
