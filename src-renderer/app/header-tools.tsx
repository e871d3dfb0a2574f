import { ActionIcon, Menu, Tooltip, useMantineColorScheme } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '../components/icon';
import { showError } from '../components/toast';
import { useSetTheme } from './command-table';
import { type Language, languages, setLanguage } from './i18n';
import { openSettings } from './settings-dialog';

const schemes = { light: 'sun', dark: 'moon', auto: 'monitor' } as const satisfies Record<string, IconName>;
const schemeNames = ['light', 'dark', 'auto'] as const;

/** Search, theme, language. */
export function HeaderTools() {
  const { t, i18n } = useTranslation();
  const { colorScheme } = useMantineColorScheme();
  const setTheme = useSetTheme();
  return (
    <>
      <Tooltip label={`${t('commands.open')} · Ctrl+K`}>
        <ActionIcon aria-label={t('commands.open')} onClick={spotlight.open}>
          <Icon name="search" />
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={t('shell.theme')}>
            <Icon name={schemes[colorScheme]} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {schemeNames.map((scheme) => (
            <Menu.Item
              key={scheme}
              leftSection={<Icon name={schemes[scheme]} />}
              rightSection={scheme === colorScheme ? <Icon name="check" size={14} /> : null}
              onClick={() => void setTheme(scheme).catch(showError)}
            >
              {t(`shell.scheme.${scheme}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={t('shell.language')}>
            <Icon name="language" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {Object.entries(languages).map(([language, name]) => (
            <Menu.Item
              key={language}
              lang={language}
              rightSection={language === i18n.language ? <Icon name="check" size={14} /> : null}
              onClick={() => void setLanguage(language as Language)}
            >
              {name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Tooltip label={t('settings.title')}>
        <ActionIcon aria-label={t('settings.title')} onClick={openSettings}>
          <Icon name="settings" />
        </ActionIcon>
      </Tooltip>
    </>
  );
}
