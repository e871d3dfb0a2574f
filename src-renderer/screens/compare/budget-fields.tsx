import { Button, Group, NumberInput, Slider, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Panel } from '../../components/panel';
import { anyBudget, type BudgetName, noBudgets, overBudget, useBudgets } from './budgets';
import type { CompareRow } from './rows';

/** Limits as inputs and sliders; what does not fit is dimmed in plot and table. */
export function BudgetFields({ rows }: { rows: readonly CompareRow[] }) {
  const { t } = useTranslation();
  const budgets = useBudgets();
  const variants = rows.filter((row) => !row.baseline);
  const fitting = variants.filter((row) => overBudget(row, budgets).length === 0);
  const paired = rows.find((row) => row.quality?.difference != null)?.quality;
  return (
    <Panel
      title={t('budgets.title')}
      note={t('budgets.note')}
      actions={
        <Button
          variant="subtle"
          size="compact-xs"
          disabled={!anyBudget(budgets)}
          onClick={() => useBudgets.setState(noBudgets)}
        >
          {t('budgets.clear')}
        </Button>
      }
    >
      <Stack gap="lg">
        <BudgetField
          name="megabytes"
          label={t('budgets.megabytes')}
          unit="MB"
          most={Math.max(...rows.map((row) => row.evaluation.bytes)) / 1e6}
        />
        <BudgetField
          name="milliseconds"
          label={t('budgets.milliseconds')}
          unit="ms"
          most={Math.max(...rows.map((row) => row.latencyMs))}
        />
        {paired != null && (
          <BudgetField
            name="loss"
            label={t('budgets.loss')}
            unit={paired.unit === 'share' ? 'pt' : ''}
            most={paired.unit === 'share' ? 10 : Math.abs(paired.value)}
          />
        )}
        <Text size="sm" role="status" className="figures">
          {t('budgets.fitting', { fitting: fitting.length, count: variants.length })}
        </Text>
      </Stack>
    </Panel>
  );
}

function BudgetField(props: { name: BudgetName; label: string; unit: string; most: number }) {
  const { t } = useTranslation();
  const { name, label, unit } = props;
  const value = useBudgets((budgets) => budgets[name]);
  const step = 10 ** Math.floor(Math.log10(Math.max(props.most, 1e-6)) - 1);
  const most = Math.ceil(props.most / step) * step;
  const set = (limit: number | null) => useBudgets.setState({ [name]: limit });
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{label}</Text>
        <NumberInput
          aria-label={label}
          placeholder={t('budgets.any')}
          value={value ?? ''}
          min={0}
          step={step}
          decimalScale={4}
          w={110}
          suffix={unit === '' ? undefined : ` ${unit}`}
          onChange={(next) => set(typeof next === 'number' ? next : null)}
        />
      </Group>
      <Slider
        thumbLabel={t('budgets.slider', { label })}
        value={value ?? most}
        min={0}
        max={most}
        step={step}
        label={null}
        size="sm"
        color={value === null ? 'gray.5' : undefined}
        onChange={(next) => set(next >= most ? null : Number(next.toPrecision(6)))}
      />
    </Stack>
  );
}
