import { Button, Grid, Loader, Stack } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { go } from '../../app/navigation';
import { activeJob, isActive } from '../../components/active-job';
import { Empty } from '../../components/empty';
import { Icon } from '../../components/icon';
import { JobProgress } from '../../components/job-progress';
import { Page } from '../../components/page';
import { Panel } from '../../components/panel';
import { useStudioWords } from '../../components/studio-words';
import { Warnings } from '../../components/warnings';
import { useSelection } from '../../studio/selection';
import { useProject, useStudio } from '../../studio/store';
import { AddFile } from './add-file';
import { BudgetFields } from './budget-fields';
import { ComparedConditions } from './compared-conditions';
import { Details, detailsWidth } from './details';
import { PlotPanel } from './plot-panel';
import { Removed } from './removed';
import { compareRows, type QualityKind, qualityKind } from './rows';
import { TradeOffTable } from './trade-off-table';
import { Unmeasured } from './unmeasured';

const noQuality: QualityKind = { kind: 'none' };

/** Quality, latency and size side by side: what each choice costs. */
export function Compare() {
  const { t } = useTranslation();
  const project = useProject();
  const tradeOff = useStudio((state) => state.tradeOff);
  const selected = useSelection((state) => state.selected);
  const word = useStudioWords();
  const rows = useMemo(
    () =>
      (tradeOff === null ? [] : compareRows(tradeOff, project.variants)).map((row) =>
        row.baseline ? { ...row, name: word(row.name) } : row,
      ),
    [tradeOff, project.variants, word],
  );
  const quality = useMemo(() => (tradeOff === null ? noQuality : qualityKind(tradeOff)), [tradeOff]);
  const chosen = rows.find((row) => row.id === selected) ?? null;
  return (
    <Page
      title={t('compare.title')}
      lead={t('compare.lead')}
      actions={
        <>
          <AddFile />
          <Button
            variant={chosen?.variant == null ? 'default' : 'filled'}
            leftSection={<Icon name="export" />}
            disabled={project.variants.length === 0}
            onClick={() => go('export')}
          >
            {t('compare.export')}
          </Button>
        </>
      }
    >
      {tradeOff === null ? (
        <NoBaseline />
      ) : (
        <Stack gap="md" pr={chosen === null ? undefined : { base: 0, xl: detailsWidth }}>
          <Warnings warnings={project.baseline?.warnings ?? []} title={t('baseline.warnings')} />
          <Grid gap="md" align="stretch">
            <Grid.Col span={{ base: 12, lg: 8.5 }}>
              <PlotPanel rows={rows} quality={quality} />
            </Grid.Col>
            <Grid.Col span={{ base: 12, lg: 3.5 }}>
              <BudgetFields rows={rows} />
            </Grid.Col>
          </Grid>
          <Panel
            title={t('compare.table')}
            note={<ComparedConditions rows={rows} />}
            actions={
              <>
                <Removed />
                <Underway />
              </>
            }
          >
            <TradeOffTable rows={rows} quality={quality} />
            <Unmeasured />
          </Panel>
        </Stack>
      )}
      <Details row={chosen} />
    </Page>
  );
}

function NoBaseline() {
  const { t } = useTranslation();
  const { jobs, baseline } = useProject();
  const job = activeJob(jobs, 'baseline');
  if (job !== undefined) return <JobProgress progress={job.progress} label={t('baseline.title')} />;
  if (baseline !== null) return <Loader size="sm" aria-label={t('compare.loading')} />;
  return (
    <Empty icon="chart" text={t('compare.noBaseline')}>
      <Button onClick={() => go('data')}>{t('compare.toData')}</Button>
    </Empty>
  );
}

function Underway() {
  const { t } = useTranslation();
  const count = useProject().jobs.filter(isActive).length;
  if (count === 0) return null;
  return (
    <Button variant="subtle" size="compact-xs" leftSection={<Loader size={12} />} onClick={() => go('run')}>
      {t('recipe.waiting', { count })}
    </Button>
  );
}
