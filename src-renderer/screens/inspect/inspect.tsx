import { Alert, Button, SimpleGrid, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { ModelReport, ProjectState } from '../../../src-main/contract';
import { go } from '../../app/navigation';
import { DimsForm } from '../../components/dims-form';
import { Figure, Figures } from '../../components/figure';
import { baseName, bytes, integer, quantity, shape } from '../../components/format';
import { Icon } from '../../components/icon';
import { JobProgress } from '../../components/job-progress';
import { Page } from '../../components/page';
import { Panel } from '../../components/panel';
import { PathText } from '../../components/path-browser';
import { ShareBar } from '../../components/share-bar';
import { useAction } from '../../components/use-action';
import { Warnings } from '../../components/warnings';
import { forProject } from '../../studio/actions';
import { useProject } from '../../studio/store';
import { Inside } from './inside';
import { OpCounts } from './op-counts';

/** What the model is: read-only answers, before any choice. */
export function Inspect() {
  const { t } = useTranslation();
  const project = useProject();
  const { report } = project;
  return (
    <Page
      title={baseName(project.model.path)}
      lead={<PathText path={project.model.path} />}
      actions={
        <Button rightSection={<Icon name="arrowRight" />} onClick={() => go('data')}>
          {t('inspect.next')}
        </Button>
      }
    >
      <ModelStateAlert project={project} />
      {report === null ? (
        <Pending project={project} />
      ) : (
        <Inside summary={<Report report={report} project={project} />} />
      )}
    </Page>
  );
}

function ModelStateAlert({ project }: { project: ProjectState }) {
  const { t } = useTranslation();
  if (project.model.state === 'ok') return null;
  return (
    <Alert color="red" icon={<Icon name="warning" />} role="alert" title={t(`inspect.${project.model.state}`)}>
      {t(`inspect.${project.model.state}Help`)}
    </Alert>
  );
}

function Pending({ project }: { project: ProjectState }) {
  const { t } = useTranslation();
  const job = project.jobs.findLast((candidate) => candidate.kind === 'open');
  if (job?.error != null) {
    return (
      <Alert color="red" icon={<Icon name="warning" />} role="alert" title={t('inspect.failed')}>
        {job.error}
      </Alert>
    );
  }
  return (
    <Stack>
      <JobProgress progress={job?.progress ?? null} label={t('inspect.reading')} />
      <Skeleton h={90} />
      <Skeleton h={220} />
    </Stack>
  );
}

function Report({ report, project }: { report: ModelReport; project: ProjectState }) {
  const { t } = useTranslation();
  const [saveDims, saving] = useAction((dims: Record<string, number>) => forProject('setDims', { dims }));
  const opsets = Object.entries(report.opsets).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  return (
    <Stack gap="md">
      <Warnings warnings={report.warnings} title={t('inspect.warnings')} />
      <Panel title={t('inspect.summary')}>
        <Figures>
          <Figure label={t('inspect.size')} value={bytes(report.bytes)} />
          <Figure label={t('inspect.parameters')} value={quantity(report.parameters)} />
          <Figure
            label={t('inspect.macs')}
            value={report.macs === null ? t('inspect.macsUnknown') : quantity(report.macs)}
            help={t('inspect.macsHelp')}
          />
          <Figure label={t('inspect.nodes')} value={integer(report.nodes)} />
          <Figure label={t('inspect.opsets')} value={opsets.join(', ')} />
          <Figure label={t('inspect.irVersion')} value={report.irVersion} />
          <Figure label={t('inspect.producer')} value={report.producer || t('inspect.unnamed')} />
        </Figures>
      </Panel>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" style={{ alignItems: 'start' }}>
        <Stack gap="md">
          <Panel title={t('inspect.values')}>
            <ValueTable report={report} />
          </Panel>
          {report.symbolicDims.length > 0 && (
            <Panel title={t('dims.title')}>
              <DimsForm
                key={JSON.stringify(project.dims)}
                names={report.symbolicDims}
                values={project.dims}
                busy={saving}
                onSave={(dims) => void saveDims(dims)}
              />
            </Panel>
          )}
          <Panel title={t('inspect.bytesByType')}>
            <WeightBytes bytesByType={report.bytesByType} />
          </Panel>
        </Stack>
        <Panel title={t('inspect.ops')}>
          <OpCounts ops={report.ops} />
        </Panel>
      </SimpleGrid>
    </Stack>
  );
}

function ValueTable({ report }: { report: ModelReport }) {
  const { t } = useTranslation();
  const rows = [
    ...report.inputs.map((value) => ({ value, role: t('inspect.input') })),
    ...report.outputs.map((value) => ({ value, role: t('inspect.output') })),
  ];
  return (
    <Table.ScrollContainer minWidth={0} type="native">
      <Table aria-label={t('inspect.values')} verticalSpacing={4} fz="sm" className="figures">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t('inspect.role')}</Table.Th>
            <Table.Th scope="col">{t('inspect.name')}</Table.Th>
            <Table.Th scope="col">{t('inspect.type')}</Table.Th>
            <Table.Th scope="col">{t('inspect.shape')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ value, role }) => (
            <Table.Tr key={`${role} ${value.name}`}>
              <Table.Td c="dimmed">{role}</Table.Td>
              <Table.Td ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
                {value.name}
              </Table.Td>
              <Table.Td>{value.type}</Table.Td>
              <Table.Td ff="monospace" fz="xs">
                {shape(value.shape)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const typeColors = ['indigo.6', 'teal.6', 'orange.6', 'grape.6', 'cyan.6', 'gray.6'];

function WeightBytes({ bytesByType }: { bytesByType: Readonly<Record<string, number>> }) {
  const { t } = useTranslation();
  const parts = Object.entries(bytesByType)
    .sort(([, left], [, right]) => right - left)
    .map(([name, size], index) => {
      const [color, shade] = (typeColors[Math.min(index, typeColors.length - 1)] as string).split('.');
      return { name, size, text: bytes(size), color: `var(--mantine-color-${color}-${shade})` };
    });
  if (parts.length === 0) return <Text size="sm">{t('inspect.noWeights')}</Text>;
  return <ShareBar parts={parts} label={t('inspect.bytesByType')} />;
}
