import { Button, Group, Input, Modal, SegmentedControl, Stack, TextInput, useMantineColorScheme } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MeasureSettings, Settings as SettingsDocument } from '../../src-main/contract';
import { MeasureFields } from '../components/measure-fields';
import { showError } from '../components/toast';
import { changeSettings } from '../studio/actions';
import { useStudio } from '../studio/store';
import { useSetTheme } from './command-table';
import { type Language, languages, setLanguage } from './i18n';
import { closeSettings, useSettingsDialog } from './settings-dialog';

const saveMeasure = (measure: MeasureSettings) => changeSettings({ measure });
const schemes = ['light', 'dark', 'auto'] as const;

/** What a person prefers, across projects. */
export function Settings() {
  const { t } = useTranslation();
  const { opened } = useSettingsDialog();
  const settings = useStudio((state) => state.settings);
  return (
    <Modal
      opened={opened}
      onClose={closeSettings}
      title={t('settings.title')}
      closeButtonProps={{ 'aria-label': t('settings.close') }}
    >
      <Stack gap="lg">
        <Look />
        {settings !== null && (
          <>
            <Input.Wrapper label={t('settings.measure')} description={t('settings.measureHelp')} labelElement="div">
              <Stack mt={6}>
                <MeasureFields measure={settings.measure} onSave={saveMeasure} />
              </Stack>
            </Input.Wrapper>
            <EngineNode key={settings.engineNode} settings={settings} />
          </>
        )}
      </Stack>
    </Modal>
  );
}

function Look() {
  const { t, i18n } = useTranslation();
  const { colorScheme } = useMantineColorScheme();
  const setTheme = useSetTheme();
  return (
    <>
      <Input.Wrapper label={t('shell.theme')} labelElement="div">
        <SegmentedControl
          fullWidth
          aria-label={t('shell.theme')}
          data={schemes.map((scheme) => ({ value: scheme, label: t(`shell.scheme.${scheme}`) }))}
          value={colorScheme}
          onChange={(value) => void setTheme(schemes.find((scheme) => scheme === value) ?? 'auto').catch(showError)}
        />
      </Input.Wrapper>
      <Input.Wrapper label={t('shell.language')} labelElement="div">
        <SegmentedControl
          fullWidth
          aria-label={t('shell.language')}
          data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
          value={i18n.language}
          onChange={(value) => void setLanguage(value as Language)}
        />
      </Input.Wrapper>
    </>
  );
}

/** Tried before it is kept: a Node that does not run the engine is refused with its sentence. */
function EngineNode({ settings }: { settings: SettingsDocument }) {
  const { t } = useTranslation();
  const [path, setPath] = useState(settings.engineNode ?? '');
  const [refusal, setRefusal] = useState<string | null>(null);
  const [trying, setTrying] = useState(false);
  const wanted = path.trim() === '' ? null : path.trim();
  const save = async () => {
    setTrying(true);
    setRefusal(null);
    try {
      await changeSettings({ engineNode: wanted });
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
    } finally {
      setTrying(false);
    }
  };
  return (
    <Group align="flex-end" gap="xs" wrap="nowrap">
      <TextInput
        flex={1}
        label={t('settings.engineNode')}
        description={t('settings.engineNodeHelp')}
        placeholder={t('settings.engineNodeOwn')}
        value={path}
        error={refusal}
        spellCheck={false}
        onChange={(event) => setPath(event.currentTarget.value)}
      />
      <Button variant="default" loading={trying} disabled={wanted === settings.engineNode} onClick={() => void save()}>
        {t('settings.use')}
      </Button>
    </Group>
  );
}
