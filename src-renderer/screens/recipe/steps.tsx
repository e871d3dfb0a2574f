import { Button, Group, Menu, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Empty } from '../../components/empty';
import { Icon } from '../../components/icon';
import { kindIcon } from '../../components/kind';
import { useStudioWords } from '../../components/studio-words';
import { addStep, edit, moveStep, removeStep, replaceStep, useRecipeDraft } from '../../studio/recipe-draft';
import { useStudio } from '../../studio/store';
import { StepCard } from './step-card';

/** The steps in the order in which they run. */
export function Steps() {
  const { t } = useTranslation();
  const { recipe } = useRecipeDraft();
  return (
    <Stack gap="sm">
      {recipe.steps.length === 0 && <Empty icon="recipe" text={t('recipe.empty')} />}
      {recipe.steps.map((step, index) => (
        <StepCard
          // biome-ignore lint/suspicious/noArrayIndexKey: a step has no identity but its place
          key={index}
          step={step}
          index={index}
          count={recipe.steps.length}
          onChange={(next, merge) => edit(replaceStep(recipe, index, next), merge)}
          onMove={(to) => edit(moveStep(recipe, index, to))}
          onRemove={() => edit(removeStep(recipe, index))}
        />
      ))}
      <AddStep />
    </Stack>
  );
}

function AddStep() {
  const { t } = useTranslation();
  const { recipe } = useRecipeDraft();
  const word = useStudioWords();
  const methods = useStudio((state) => state.methods);
  return (
    <Group>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button variant="default" leftSection={<Icon name="add" />}>
            {t('recipe.addStep')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {methods.map((kind) => (
            <Menu.Item
              key={kind.kind}
              leftSection={<Icon name={kindIcon[kind.kind]} />}
              onClick={() => edit(addStep(recipe, kind.kind, methods))}
            >
              {word(kind.title)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
