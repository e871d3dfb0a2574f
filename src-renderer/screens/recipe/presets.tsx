import { Box, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icon';
import { kindIcon } from '../../components/kind';
import { Panel } from '../../components/panel';
import { useStudioWords } from '../../components/studio-words';
import { edit, emptyRecipe } from '../../studio/recipe-draft';
import { useStudio } from '../../studio/store';

/** Recipes to start from. */
export function Presets() {
  const { t } = useTranslation();
  const word = useStudioWords();
  const presets = useStudio((state) => state.presets);
  return (
    <Panel title={t('recipe.presets')} note={t('recipe.presetsNote')}>
      <Stack gap={6} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
        {presets.map((preset) => (
          <li key={preset.name}>
            <UnstyledButton
              className="card-button"
              p="xs"
              w="100%"
              onClick={() => edit({ ...emptyRecipe, ...preset.recipe, name: word(preset.title) })}
            >
              <Group gap="xs" wrap="nowrap" align="flex-start">
                <Group gap={2} mt={2} wrap="nowrap" c="dimmed">
                  {preset.recipe.steps.map((step, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: the steps of a preset never move
                    <Icon key={index} name={kindIcon[step.kind]} size={14} />
                  ))}
                </Group>
                <Box>
                  <Text size="sm" fw={500}>
                    {word(preset.title)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {word(preset.help)}
                  </Text>
                </Box>
              </Group>
            </UnstyledButton>
          </li>
        ))}
      </Stack>
    </Panel>
  );
}
