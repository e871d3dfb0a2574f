import { MultiSelect, Stack, TagsInput, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Step, Targets } from '../../../src-main/contract';
import { useProject } from '../../studio/store';

/** Which nodes the step may touch. */
export function TargetsFields({ step, onChange }: { step: Step; onChange: (step: Step) => void }) {
  const { t } = useTranslation();
  const project = useProject();
  const ops = Object.keys(project.report?.ops ?? {}).sort();
  const set = (name: keyof Targets) => (values: string[]) => {
    const { [name]: _old, ...others } = step.targets ?? {};
    const targets: Targets = values.length === 0 ? others : { ...others, [name]: values };
    const { targets: _targets, ...rest } = step;
    onChange(Object.keys(targets).length === 0 ? rest : { ...rest, targets });
  };
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">
        {t('recipe.targets.title')}
      </Title>
      <MultiSelect
        size="xs"
        label={t('recipe.targets.ops')}
        description={t('recipe.targets.opsHelp')}
        data={[...new Set([...ops, ...(step.targets?.ops ?? [])])]}
        value={step.targets?.ops ?? []}
        onChange={set('ops')}
        searchable
        clearable
      />
      <TagsInput
        label={t('recipe.targets.include')}
        description={t('recipe.targets.patternHelp')}
        value={step.targets?.include ?? []}
        onChange={set('include')}
      />
      <TagsInput
        label={t('recipe.targets.exclude')}
        description={t('recipe.targets.excludeHelp')}
        value={step.targets?.exclude ?? []}
        onChange={set('exclude')}
      />
    </Stack>
  );
}
