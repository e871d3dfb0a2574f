import {
  ActionIcon,
  Alert,
  Button,
  Grid,
  Group,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Recipe } from '../../../src-main/contract';
import { go } from '../../app/navigation';
import { Icon } from '../../components/icon';
import { Page } from '../../components/page';
import { Panel } from '../../components/panel';
import { showDone } from '../../components/toast';
import { useAction } from '../../components/use-action';
import { makeVariant } from '../../studio/actions';
import { edit, redo, undo, useRecipeDraft } from '../../studio/recipe-draft';
import { useProject, useStudio } from '../../studio/store';
import { JsonView } from './json-view';
import { Presets } from './presets';
import { Steps } from './steps';
import { toRecipe, useRecipeError } from './use-recipe-error';

/** Writes a recipe: from a preset, step by step, or as JSON; all three are the same document. */
export function RecipeScreen() {
  const { t } = useTranslation();
  const { recipe } = useRecipeDraft();
  const [view, setView] = useState<'steps' | 'json'>('steps');
  const error = useRecipeError(recipe);
  const [make, making] = useAction(async (ready: Recipe) => {
    await makeVariant(ready);
    showDone(t('recipe.queued'));
  });
  useHotkeys([
    ['mod+z', undo],
    ['mod+shift+z', redo],
    ['mod+Enter', () => error === null && recipe.steps.length > 0 && void make(toRecipe(recipe))],
  ]);
  return (
    <Page
      title={t('recipe.title')}
      lead={t('recipe.lead')}
      actions={
        <>
          <QueueLink />
          <Button
            leftSection={<Icon name="run" />}
            loading={making}
            disabled={recipe.steps.length === 0 || error !== null}
            onClick={() => void make(toRecipe(recipe))}
          >
            {t('recipe.make')}
          </Button>
        </>
      }
    >
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 4, xl: 3 }}>
          <Presets />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8, xl: 9 }}>
          <Panel
            title={t('recipe.own')}
            actions={
              <>
                <History />
                <SegmentedControl
                  aria-label={t('recipe.view')}
                  value={view}
                  onChange={(next) => setView(next as 'steps' | 'json')}
                  data={[
                    { value: 'steps', label: t('recipe.steps') },
                    { value: 'json', label: 'JSON' },
                  ]}
                />
              </>
            }
          >
            <Stack gap="md">
              {error !== null && (
                <Alert color="red" variant="light" icon={<Icon name="warning" />} role="alert">
                  {error}
                </Alert>
              )}
              {view === 'steps' ? (
                <>
                  <Identity />
                  <Steps />
                </>
              ) : (
                <JsonView />
              )}
            </Stack>
          </Panel>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Identity() {
  const { t } = useTranslation();
  const { recipe } = useRecipeDraft();
  return (
    <Group gap="sm" align="flex-end">
      <TextInput
        label={t('recipe.name')}
        placeholder={t('recipe.namePlaceholder')}
        value={recipe.name ?? ''}
        flex={1}
        maw={420}
        onChange={(event) => edit({ ...recipe, name: event.currentTarget.value }, true)}
      />
      <TextInput
        label={t('recipe.seed')}
        value={String(recipe.seed ?? 0)}
        inputMode="numeric"
        w={110}
        onChange={(event) => {
          const seed = Number(event.currentTarget.value);
          if (Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff) edit({ ...recipe, seed }, true);
        }}
      />
    </Group>
  );
}

function History() {
  const { t } = useTranslation();
  const { past, future } = useRecipeDraft();
  return (
    <Group gap={4} wrap="nowrap">
      <Tooltip label={`${t('recipe.undo')} · Ctrl+Z`}>
        <ActionIcon aria-label={t('recipe.undo')} disabled={past.length === 0} onClick={undo}>
          <Icon name="undo" />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={`${t('recipe.redo')} · Ctrl+Shift+Z`}>
        <ActionIcon aria-label={t('recipe.redo')} disabled={future.length === 0} onClick={redo}>
          <Icon name="redo" />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}

/** What is on its way, or why nothing can be compared yet. */
function QueueLink() {
  const { t } = useTranslation();
  const project = useProject();
  const waiting = project.jobs.filter((job) => job.state === 'queued' || job.state === 'running').length;
  const connected = useStudio((state) => state.connection === 'open');
  if (waiting > 0) {
    return (
      <Button variant="default" onClick={() => go('run')}>
        {t('recipe.waiting', { count: waiting })}
      </Button>
    );
  }
  if (project.baseline === null && connected) {
    return (
      <Text size="xs" c="dimmed" maw={260}>
        {t('recipe.noBaseline')}
      </Text>
    );
  }
  return null;
}
