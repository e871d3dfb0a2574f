import { Loader, Stack, Title } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import type { Evaluation } from '../../../src-main/contract';
import { integer, percent } from '../../components/format';
import { type Column, SortableTable } from '../../components/sortable-table';
import { ConfusionTable } from './confusion-table';

const ConfusionChart = lazy(() => import('../../charts/confusion-chart'));
type ClassReport = NonNullable<Evaluation['classes']>;
/** Above this a table of cells is no longer read, only looked at. */
const largestTable = 20;
const shownPairs = 100;

interface ClassRow {
  readonly name: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}
interface Pair {
  readonly truth: string;
  readonly predicted: string;
  readonly count: number;
}

/** Where the model is right, and what it takes for what. */
export function Classes({ classes }: { classes: ClassReport }) {
  const { t } = useTranslation();
  const { confusion, names } = classes;
  return (
    <Stack gap="lg">
      {confusion !== null && (
        <Stack gap="xs">
          <Title order={3} size="h5">
            {t('classes.confusion')}
          </Title>
          {names.length <= largestTable ? (
            <ConfusionTable names={names} counts={confusion} />
          ) : (
            <>
              <Suspense fallback={<Loader size="sm" />}>
                <ConfusionChart
                  label={t('classes.confusionLabel', { count: names.length })}
                  names={names}
                  counts={confusion}
                  trueAxis={t('classes.true')}
                  predictedAxis={t('classes.predicted')}
                  height={420}
                />
              </Suspense>
              <Pairs pairs={confusedPairs(names, confusion)} />
            </>
          )}
        </Stack>
      )}
      <PerClass classes={classes} />
    </Stack>
  );
}

function PerClass({ classes }: { classes: ClassReport }) {
  const { t } = useTranslation();
  const rows = classes.perClass.map((figures, index) => ({ name: classes.names[index] ?? String(index), ...figures }));
  const share = (key: 'precision' | 'recall' | 'f1'): Column<ClassRow> => ({
    key,
    title: t(`classes.${key}`),
    align: 'right',
    sortBy: (row) => row[key],
    render: (row) => percent(row[key]),
  });
  const columns: Column<ClassRow>[] = [
    { key: 'name', title: t('classes.class'), sortBy: (row) => row.name, render: (row) => row.name },
    share('precision'),
    share('recall'),
    share('f1'),
    {
      key: 'support',
      title: t('classes.support'),
      align: 'right',
      sortBy: (row) => row.support,
      render: (row) => integer(row.support),
    },
  ];
  return <SortableTable label={t('classes.perClass')} columns={columns} rows={rows} rowKey={(row) => row.name} />;
}

function Pairs({ pairs }: { pairs: readonly Pair[] }) {
  const { t } = useTranslation();
  const columns: Column<Pair>[] = [
    { key: 'truth', title: t('classes.true'), sortBy: (pair) => pair.truth, render: (pair) => pair.truth },
    {
      key: 'predicted',
      title: t('classes.predicted'),
      sortBy: (pair) => pair.predicted,
      render: (pair) => pair.predicted,
    },
    {
      key: 'count',
      title: t('classes.samples'),
      align: 'right',
      first: 'descending',
      sortBy: (pair) => pair.count,
      render: (pair) => integer(pair.count),
    },
  ];
  return (
    <SortableTable
      label={t('classes.pairs')}
      columns={columns}
      rows={pairs.slice(0, shownPairs)}
      rowKey={(pair) => `${pair.truth} ${pair.predicted}`}
    />
  );
}

/** The cells beside the diagonal that hold samples, heaviest first. */
export function confusedPairs(names: readonly string[], counts: readonly (readonly number[])[]): Pair[] {
  return counts
    .flatMap((row, truth) =>
      row.map((count, predicted) => ({
        truth: names[truth] ?? String(truth),
        predicted: names[predicted] ?? String(predicted),
        count: truth === predicted ? 0 : count,
      })),
    )
    .filter((pair) => pair.count > 0)
    .sort((left, right) => right.count - left.count);
}
