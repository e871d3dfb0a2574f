import { useMantineColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { MenuCommand } from '../../src-main/contract';
import type { IconName } from '../components/icon';
import { kindIcon } from '../components/kind';
import { useStudioWords } from '../components/studio-words';
import { screens } from '../screens';
import { changeSettings, closeProject, forProject, openProject, openSample } from '../studio/actions';
import { edit, emptyRecipe } from '../studio/recipe-draft';
import { select } from '../studio/selection';
import { useStudio } from '../studio/store';
import { setLanguage } from './i18n';
import { go } from './navigation';
import { openSettings } from './settings-dialog';

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly icon: IconName;
  /** The heading that the palette lists it under. */
  readonly group: string;
  /** Its place in the desktop's native menu; left out: only in the palette. */
  readonly menu?: MenuCommand['menu'];
  /** In Electron's notation. */
  readonly accelerator?: string;
  readonly enabled: boolean;
  readonly run: () => unknown;
}

/** Every command, once: the palette, the keyboard and the desktop's menu are drawn from it. */
export function useCommandTable(): readonly Command[] {
  return [...useScreenCommands(), ...useProjectCommands(), ...useVariantCommands(), ...useLookCommands()];
}

function useScreenCommands(): Command[] {
  const { t } = useTranslation();
  const studio = useStudio();
  return screens.map((screen, index) => ({
    id: `go.${screen.path}`,
    title: t(`screens.${screen.path}`),
    icon: screen.icon,
    group: t('commands.goTo'),
    menu: 'view',
    accelerator: `Alt+${index + 1}`,
    enabled: screen.open(studio),
    run: () => go(screen.path),
  }));
}

function useProjectCommands(): Command[] {
  const { t } = useTranslation();
  const { project, about, recents } = useStudio();
  const group = t('commands.projects');
  const inProject = project !== null;
  return [
    {
      id: 'file.open',
      title: t('shell.toStart'),
      icon: 'folder',
      group,
      menu: 'file',
      accelerator: 'CmdOrCtrl+O',
      enabled: true,
      run: () => go('start'),
    },
    {
      id: 'file.sample',
      title: t('start.openSample'),
      icon: 'sparkle',
      group,
      menu: 'file',
      enabled: about?.sample != null,
      run: async () => {
        await openSample();
        go('inspect');
      },
    },
    {
      id: 'file.close',
      title: t('shell.close'),
      icon: 'close',
      group,
      menu: 'file',
      enabled: inProject,
      run: () => {
        go('start');
        return closeProject();
      },
    },
    {
      id: 'project.baseline',
      title: t('baseline.measure'),
      icon: 'run',
      group,
      menu: 'project',
      enabled: inProject,
      run: () => {
        go('data');
        return forProject('measureBaseline', {});
      },
    },
    ...recents.map(
      (recent, index): Command => ({
        id: `recent.${index}`,
        title: recent.name,
        note: recent.path,
        icon: 'clock',
        group,
        enabled: true,
        run: async () => {
          await openProject(recent.path);
          go('inspect');
        },
      }),
    ),
  ];
}

function useVariantCommands(): Command[] {
  const { t } = useTranslation();
  const word = useStudioWords();
  const { project, presets } = useStudio();
  if (project === null) return [];
  return [
    ...project.variants.map(
      ({ variant }): Command => ({
        id: `variant.${variant.id}`,
        title: variant.name,
        icon: 'chart',
        group: t('commands.variants'),
        enabled: true,
        run: () => {
          select(variant.id);
          go('compare');
        },
      }),
    ),
    ...presets.map(
      (preset): Command => ({
        id: `preset.${preset.name}`,
        title: word(preset.title),
        note: word(preset.help),
        icon: kindIcon[preset.recipe.steps[0]?.kind ?? 'clean'],
        group: t('commands.recipes'),
        enabled: true,
        run: () => {
          edit({ ...emptyRecipe, ...preset.recipe, name: word(preset.title) });
          go('recipe');
        },
      }),
    ),
  ];
}

function useLookCommands(): Command[] {
  const { t, i18n } = useTranslation();
  const setTheme = useSetTheme();
  const group = t('commands.look');
  const themes = [
    ['light', 'sun'],
    ['dark', 'moon'],
    ['auto', 'monitor'],
  ] as const;
  return [
    ...themes.map(
      ([theme, icon]): Command => ({
        id: `theme.${theme}`,
        title: t(`shell.scheme.${theme}`),
        icon,
        group,
        menu: 'view',
        enabled: true,
        run: () => setTheme(theme),
      }),
    ),
    {
      id: 'language',
      title: t('commands.otherLanguage'),
      icon: 'language',
      group,
      menu: 'view',
      enabled: true,
      run: () => setLanguage(i18n.language === 'zh' ? 'en' : 'zh'),
    },
    {
      id: 'settings',
      title: t('settings.title'),
      icon: 'settings',
      group,
      menu: 'file',
      accelerator: 'CmdOrCtrl+,',
      enabled: true,
      run: openSettings,
    },
  ];
}

/** Sets the theme here and for every window and session to come. */
export function useSetTheme(): (theme: 'light' | 'dark' | 'auto') => Promise<void> {
  const { setColorScheme } = useMantineColorScheme();
  return async (theme) => {
    setColorScheme(theme);
    if (useStudio.getState().connection === 'open') await changeSettings({ theme });
  };
}
