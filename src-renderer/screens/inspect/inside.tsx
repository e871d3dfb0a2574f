import { Group, Select, Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { baseName } from '../../components/format';
import { lookInto, useSubject } from '../../studio/selection';
import { useProject } from '../../studio/store';
import { Changes } from './changes';
import { Kernels } from './kernels';
import { Nodes } from './nodes';
import { useSubjectModel } from './subject';

export const insideTabs = ['summary', 'nodes', 'kernels', 'changes'] as const;

/** The model from four sides; all but the summary can be of a variant as well. */
export function Inside({ summary }: { summary: ReactNode }) {
  const { t } = useTranslation();
  const subject = useSubjectModel();
  const tab = useSubject((state) => state.tab);
  return (
    <Tabs
      value={tab}
      onChange={(chosen) => lookInto({ tab: insideTabs.find((name) => name === chosen) ?? 'summary' })}
      keepMounted={false}
    >
      <Group justify="space-between" align="flex-end" mb="md" wrap="nowrap">
        <Tabs.List style={{ flex: 1 }}>
          {insideTabs.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`inside.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tab !== 'summary' && <SubjectSelect chosen={subject.variant?.id ?? null} />}
      </Group>
      <Tabs.Panel value="summary">{summary}</Tabs.Panel>
      {subject.path !== null && (
        <>
          <Tabs.Panel value="nodes">
            <Nodes key={subject.path} path={subject.path} />
          </Tabs.Panel>
          <Tabs.Panel value="kernels">
            <Kernels key={subject.path} path={subject.path} />
          </Tabs.Panel>
          <Tabs.Panel value="changes">
            <Changes key={subject.path} subject={subject} />
          </Tabs.Panel>
        </>
      )}
    </Tabs>
  );
}

const original = '';

function SubjectSelect({ chosen }: { chosen: string | null }) {
  const { t } = useTranslation();
  const { model, variants } = useProject();
  return (
    <Select
      aria-label={t('inside.subject')}
      size="xs"
      w={280}
      allowDeselect={false}
      data={[
        { value: original, label: t('inside.original', { name: baseName(model.path) }) },
        ...variants.map(({ variant }) => ({ value: variant.id, label: variant.name })),
      ]}
      value={chosen ?? original}
      onChange={(value) => lookInto({ variant: value === original ? null : value })}
    />
  );
}
