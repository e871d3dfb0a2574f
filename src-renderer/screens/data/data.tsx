import { Button, SimpleGrid, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { go } from '../../app/navigation';
import { DimsForm } from '../../components/dims-form';
import { Icon } from '../../components/icon';
import { Page } from '../../components/page';
import { Panel } from '../../components/panel';
import { useAction } from '../../components/use-action';
import { forProject } from '../../studio/actions';
import { useProject } from '../../studio/store';
import { Baseline } from './baseline';
import { DatasetPanel } from './dataset-panel';
import { MeasurePanel } from './measure-panel';

/** Samples to calibrate and to judge with, and the baseline that every variant is set against. */
export function Data() {
  const { t } = useTranslation();
  const project = useProject();
  const [saveDims, saving] = useAction((dims: Record<string, number>) => forProject('setDims', { dims }));
  const symbolicDims = project.report?.symbolicDims ?? [];
  return (
    <Page
      title={t('data.title')}
      lead={t('data.lead')}
      actions={
        <Button
          rightSection={<Icon name="arrowRight" />}
          variant={project.baseline === null ? 'default' : 'filled'}
          onClick={() => go('recipe')}
        >
          {t('data.next')}
        </Button>
      }
    >
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" style={{ alignItems: 'start' }}>
        <DatasetPanel project={project} />
        <Stack gap="md">
          {symbolicDims.length > 0 && (
            <Panel title={t('dims.title')}>
              <DimsForm
                key={JSON.stringify(project.dims)}
                names={symbolicDims}
                values={project.dims}
                busy={saving}
                onSave={(dims) => void saveDims(dims)}
              />
            </Panel>
          )}
          <MeasurePanel measure={project.measure} />
        </Stack>
      </SimpleGrid>
      <Baseline project={project} />
    </Page>
  );
}
