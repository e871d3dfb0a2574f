import { Button, CopyButton, FileButton, Group, Stack, Text, Textarea } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icon';
import { edit, useRecipeDraft } from '../../studio/recipe-draft';
import { client } from '../../studio/store';
import { toRecipe } from './use-recipe-error';

/** The recipe as the file that the shell runs: to read, edit, paste and keep. */
export function JsonView() {
  const { t } = useTranslation();
  const { recipe } = useRecipeDraft();
  const written = JSON.stringify(toRecipe(recipe), null, 2);
  const [text, setText] = useState(written);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    setText(written);
    setError(null);
  }, [written]);
  const apply = async (source: string) => {
    try {
      const parsed: unknown = JSON.parse(source);
      await client().call('checkRecipe', { recipe: parsed });
      edit(parsed as ReturnType<typeof toRecipe>);
      setError(null);
    } catch (thrown) {
      setError(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  const load = async (file: File | null) => {
    if (file === null) return;
    const source = await file.text();
    setText(source);
    await apply(source);
  };
  return (
    <Stack gap="sm">
      <Textarea
        aria-label={t('recipe.json')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        autosize
        minRows={14}
        maxRows={30}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.75rem' } }}
        error={error}
      />
      <Group gap="xs">
        <Button disabled={text === written} onClick={() => void apply(text)}>
          {t('recipe.apply')}
        </Button>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button variant="default" leftSection={<Icon name={copied ? 'check' : 'copy'} />} onClick={copy}>
              {copied ? t('recipe.copied') : t('recipe.copy')}
            </Button>
          )}
        </CopyButton>
        <FileButton accept="application/json,.json" onChange={(file) => void load(file)}>
          {(props) => (
            <Button variant="default" leftSection={<Icon name="folder" />} {...props}>
              {t('recipe.load')}
            </Button>
          )}
        </FileButton>
        <Button variant="default" leftSection={<Icon name="download" />} onClick={() => save(text, recipe.name)}>
          {t('recipe.save')}
        </Button>
        <Text size="xs" c="dimmed">
          {t('recipe.jsonHelp')}
        </Text>
      </Group>
    </Stack>
  );
}

function save(text: string, name: string | undefined): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text, '\n'], { type: 'application/json' }));
  link.download = `${(name ?? '').trim().replaceAll(/[^\p{L}\p{N}]+/gu, '-') || 'recipe'}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
