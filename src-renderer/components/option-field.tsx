import { Input, NumberInput, SegmentedControl, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { useId } from 'react';
import type { OptionSpec } from '../../src-main/contract';
import type { PathBrowserProps } from './path-browser';
import { PathField } from './path-field';
import { useStudioWords } from './studio-words';

export interface OptionFieldProps {
  readonly spec: OptionSpec;
  /** Left out: the default stands. */
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly browse: PathBrowserProps['browse'];
}

/** One option, drawn from its spec. */
export function OptionField({ spec: english, value, onChange, browse }: OptionFieldProps) {
  const spec = translated(english, useStudioWords());
  const label = { label: spec.title, description: spec.help };
  switch (spec.kind) {
    case 'number':
    case 'integer':
      return (
        <NumberInput
          {...label}
          value={typeof value === 'number' ? value : spec.default}
          onChange={(next) => typeof next === 'number' && onChange(next)}
          min={spec.min}
          max={spec.max}
          step={stepOf(spec)}
          allowDecimal={spec.kind === 'number'}
          suffix={spec.unit === undefined || spec.unit === 'share' ? undefined : ` ${spec.unit}`}
        />
      );
    case 'boolean':
      return (
        <Switch
          {...label}
          checked={typeof value === 'boolean' ? value : spec.default}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case 'choice':
      return <ChoiceField spec={spec} value={typeof value === 'string' ? value : spec.default} onChange={onChange} />;
    case 'list':
      return (
        <TagsInput
          {...label}
          value={Array.isArray(value) ? value.map(String) : [...spec.default]}
          onChange={onChange}
          splitChars={[',', ' ']}
        />
      );
    case 'path':
      return (
        <PathField
          label={spec.title}
          description={spec.help}
          value={typeof value === 'string' ? value : spec.default}
          onChange={onChange}
          choose={['model', 'dataset', 'folder']}
          browse={browse}
        />
      );
    case 'text':
      return (
        <TextInput
          {...label}
          value={typeof value === 'string' ? value : spec.default}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

function translated(spec: OptionSpec, word: (text: string) => string): OptionSpec {
  const texts = { title: word(spec.title), help: word(spec.help) };
  if ('unit' in spec && spec.unit !== undefined) return { ...spec, ...texts, unit: word(spec.unit) };
  if (spec.kind !== 'choice') return { ...spec, ...texts };
  return { ...spec, ...texts, choices: spec.choices.map(({ value, title }) => ({ value, title: word(title) })) };
}

type ChoiceSpec = Extract<OptionSpec, { kind: 'choice' }>;

/** Up to three short choices lie open; more are in a list. */
function ChoiceField(props: { spec: ChoiceSpec; value: string; onChange: (value: string) => void }) {
  const { spec, value, onChange } = props;
  const id = useId();
  const data = spec.choices.map((choice) => ({ value: choice.value, label: choice.title }));
  const length = data.reduce((sum, choice) => sum + choice.label.length, 0);
  if (data.length > 3 || length > 36) {
    return (
      <Select
        label={spec.title}
        description={spec.help}
        data={data}
        value={value}
        allowDeselect={false}
        onChange={(next) => next !== null && onChange(next)}
      />
    );
  }
  return (
    <Input.Wrapper
      size="xs"
      label={spec.title}
      description={spec.help}
      labelElement="div"
      labelProps={{ id, htmlFor: undefined }}
    >
      <SegmentedControl
        aria-labelledby={id}
        data={data}
        value={value}
        onChange={onChange}
        display="flex"
        w="fit-content"
        mt={5}
      />
    </Input.Wrapper>
  );
}

function stepOf(spec: Extract<OptionSpec, { kind: 'number' | 'integer' }>): number {
  if (spec.kind === 'integer') return 1;
  if (spec.unit === 'share') return 0.05;
  return spec.default > 0 ? 10 ** Math.floor(Math.log10(spec.default)) : 0.1;
}
