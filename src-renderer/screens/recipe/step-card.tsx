import { ActionIcon, Alert, Badge, Button, Drawer, Group, Paper, Select, Stack, Text, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import type { MethodList, Step } from '../../../src-main/contract';
import { Icon } from '../../components/icon';
import { kindColor, kindIcon } from '../../components/kind';
import { OptionField } from '../../components/option-field';
import { useStudioWords } from '../../components/studio-words';
import { browse } from '../../studio/actions';
import { methodOf } from '../../studio/recipe-draft';
import { useProject, useStudio } from '../../studio/store';
import { TargetsFields } from './targets-fields';

export interface StepCardProps {
  readonly step: Step;
  readonly index: number;
  readonly count: number;
  /** `merge`: keystrokes of one field make one entry of the history. */
  readonly onChange: (step: Step, merge: boolean) => void;
  readonly onMove: (to: number) => void;
  readonly onRemove: () => void;
}
type Method = MethodList[number]['methods'][number];

/** One step: its method, its options, and in a drawer what is seldom needed. */
export function StepCard(props: StepCardProps) {
  const { t } = useTranslation();
  const { step, index, count } = props;
  const word = useStudioWords();
  const methods = useStudio((state) => state.methods);
  const [opened, drawer] = useDisclosure(false);
  const kind = methods.find((candidate) => candidate.kind === step.kind);
  const method = methodOf(step, methods);
  const title = word(kind?.title ?? step.kind);
  return (
    <Paper withBorder p="sm" radius="sm" role="group" aria-label={t('recipe.step', { number: index + 1, title })}>
      <Group justify="space-between" wrap="nowrap" mb="xs">
        <Group gap="xs">
          <Badge
            variant="light"
            color={kindColor[step.kind]}
            leftSection={<Icon name={kindIcon[step.kind]} size={12} />}
            tt="none"
          >
            {index + 1} · {title}
          </Badge>
          <Select
            aria-label={t('recipe.method')}
            data={kind?.methods.map(({ name, title: label }) => ({ value: name, label: word(label) })) ?? []}
            value={method?.name ?? null}
            allowDeselect={false}
            w={260}
            onChange={(name) => {
              if (name === null) return;
              const { options: _options, ...rest } = step;
              props.onChange({ ...rest, method: name }, false);
            }}
          />
        </Group>
        <Group gap={2} wrap="nowrap">
          <ActionIcon aria-label={t('recipe.moveUp')} disabled={index === 0} onClick={() => props.onMove(index - 1)}>
            <Icon name="chevronUp" />
          </ActionIcon>
          <ActionIcon
            aria-label={t('recipe.moveDown')}
            disabled={index === count - 1}
            onClick={() => props.onMove(index + 1)}
          >
            <Icon name="chevronDown" />
          </ActionIcon>
          <Tooltip label={t('recipe.removeStep')}>
            <ActionIcon aria-label={t('recipe.removeStep')} onClick={props.onRemove}>
              <Icon name="trash" />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      {method !== undefined && (
        <Stack gap="sm">
          <Text size="xs" c="dimmed">
            {word(method.help)}
          </Text>
          <DataNeed method={method} />
          <Options {...props} method={method} advanced={false} />
          <Group gap="xs">
            <Button
              variant="subtle"
              size="compact-xs"
              leftSection={<Icon name="settings" size={14} />}
              onClick={drawer.open}
            >
              {t('recipe.more')}
            </Button>
            <TargetsText step={step} />
          </Group>
          <Drawer
            opened={opened}
            onClose={drawer.close}
            position="right"
            closeButtonProps={{ 'aria-label': t('shell.closeDialog') }}
            title={t('recipe.moreTitle', { method: word(method.title) })}
          >
            <Stack gap="md">
              <Options {...props} method={method} advanced />
              <TargetsFields step={step} onChange={(next) => props.onChange(next, true)} />
              <Text size="xs" c="dimmed">
                {t('recipe.source', { source: method.source })}
              </Text>
            </Stack>
          </Drawer>
        </Stack>
      )}
    </Paper>
  );
}

function Options({ step, method, advanced, onChange }: StepCardProps & { method: Method; advanced: boolean }) {
  const specs = Object.entries(method.options).filter(([, spec]) => (spec.advanced ?? false) === advanced);
  if (specs.length === 0) return null;
  return (
    <Group gap="lg" align="flex-start">
      {specs.map(([name, spec]) => (
        <div key={name} style={{ width: advanced ? '100%' : 'min(100%, 280px)' }}>
          <OptionField
            spec={spec}
            value={step.options?.[name]}
            browse={browse}
            onChange={(value) => onChange({ ...step, options: { ...step.options, [name]: value } }, true)}
          />
        </div>
      ))}
    </Group>
  );
}

/** Said before the run, not by its failure. */
function DataNeed({ method }: { method: Method }) {
  const { t } = useTranslation();
  const project = useProject();
  if (project.data !== null || method.data === 'none') return null;
  return (
    <Alert color={method.data === 'optional' ? 'gray' : 'yellow'} variant="light" p="xs" icon={<Icon name="info" />}>
      {t(`recipe.needs.${method.data}`)}
    </Alert>
  );
}

function TargetsText({ step }: { step: Step }) {
  const { t } = useTranslation();
  const { include = [], exclude = [], ops = [] } = step.targets ?? {};
  const parts = [...ops, ...include, ...exclude.map((pattern) => t('recipe.targets.without', { pattern }))];
  return (
    <Text size="xs" c="dimmed">
      {parts.length === 0 ? t('recipe.targets.all') : parts.join(', ')}
    </Text>
  );
}
