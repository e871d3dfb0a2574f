// @vitest-environment jsdom
import { fireEvent, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import type { OptionSpec } from '../../../src-main/contract';
import { OptionField } from '../../../src-renderer/components/option-field';
import { show } from '../page';

const browse = async () => ({ folder: '/', parent: null, entries: [] });
const text = { title: 'Name of it', help: 'What it does.' };

it('draws each kind of option from its spec, with its default and its help', () => {
  const specs: OptionSpec[] = [
    { ...text, title: 'Sparsity', kind: 'number', default: 0.5, min: 0, max: 1, unit: 'share' },
    { ...text, title: 'Samples', kind: 'integer', default: 128, unit: 'samples' },
    { ...text, title: 'Symmetric', kind: 'boolean', default: true },
    { ...text, title: 'Suffix', kind: 'text', default: 'x' },
    { ...text, title: 'Table', kind: 'path', default: '' },
    { ...text, title: 'Ops', kind: 'list', default: ['Conv'] },
    {
      ...text,
      title: 'Scope',
      kind: 'choice',
      default: 'a',
      choices: ['a', 'b'].map((value) => ({ value, title: value })),
    },
  ];
  show(
    specs.map((spec) => (
      <OptionField key={spec.title} spec={spec} value={undefined} onChange={() => {}} browse={browse} />
    )),
  );
  expect(screen.getByLabelText('Sparsity')).toHaveProperty('value', '0.5');
  expect(screen.getByLabelText('Samples')).toHaveProperty('value', '128 samples');
  expect(screen.getByRole('switch', { name: /^Symmetric/ })).toHaveProperty('checked', true);
  expect(screen.getByLabelText('Suffix')).toHaveProperty('value', 'x');
  expect(screen.getByText('Conv')).toBeTruthy();
  expect(screen.getByRole('radio', { name: 'a' })).toHaveProperty('checked', true);
  expect(screen.getAllByText('What it does.')).toHaveLength(specs.length);
});

it('hands on what a person chooses', () => {
  const onChange = vi.fn();
  const spec: OptionSpec = { ...text, kind: 'boolean', default: false };
  show(<OptionField spec={spec} value={false} onChange={onChange} browse={browse} />);
  fireEvent.click(screen.getByRole('switch'));
  expect(onChange).toHaveBeenCalledWith(true);
});
