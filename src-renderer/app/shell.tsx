import {
  Alert,
  AppShell,
  Burger,
  Button,
  Center,
  Group,
  Loader,
  NavLink,
  Stack,
  Text,
  UnstyledButton,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Empty } from '../components/empty';
import { Icon } from '../components/icon';
import { showError } from '../components/toast';
import { screens } from '../screens';
import { closeProject } from '../studio/actions';
import { useStudio } from '../studio/store';
import { begin } from './begin';
import { Commands } from './commands';
import { HeaderTools } from './header-tools';
import { JobIndicator } from './job-indicator';
import { go, useLocation } from './navigation';
import { Settings } from './settings';

/** Header, the flow as navigation, the screen. */
export function Shell() {
  const { t } = useTranslation();
  const studio = useStudio();
  const path = useLocation();
  /** In a narrow window the navigation covers the screen, and is closed unless it is asked for. */
  const [unfolded, { toggle, close }] = useDisclosure();
  const screen = screens.find((candidate) => candidate.path === path) ?? screens[0];
  const title = screen === undefined ? '' : t(`screens.${screen.path}`);
  useEffect(() => {
    document.title = studio.project === null ? 'Lathe' : `${studio.project.name} · ${title} · Lathe`;
  }, [studio.project, title]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what a new screen is known by
  useEffect(() => {
    // Newer Chromium answers with a promise, which must not become the effect's own answer.
    window.scrollTo(0, 0);
    close();
  }, [path]);
  return (
    <AppShell
      header={{ height: 46 }}
      navbar={{ width: 176, breakpoint: 'xs', collapsed: { mobile: !unfolded } }}
      padding={0}
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger opened={unfolded} onClick={toggle} hiddenFrom="xs" size="sm" aria-label={t('shell.menu')} />
            <Brand />
            {studio.project !== null && <ProjectName name={studio.project.name} />}
          </Group>
          <Group gap={6} wrap="nowrap">
            <JobIndicator />
            <HeaderTools />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p={6} aria-label={t('shell.navigation')}>
        {screens.map((item) => (
          <NavLink
            key={item.path}
            href={`#/${item.path}`}
            label={t(`screens.${item.path}`)}
            leftSection={<Icon name={item.icon} />}
            active={item.path === path}
            aria-current={item.path === path ? 'page' : undefined}
            disabled={!item.open(studio)}
            style={{ borderRadius: 'var(--mantine-radius-sm)' }}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <Connection>
          {screen?.open(studio) ? (
            <screen.component />
          ) : (
            <Empty icon="model" text={t('shell.needsProject')}>
              <Button onClick={() => go('start')}>{t('shell.toStart')}</Button>
            </Empty>
          )}
        </Connection>
      </AppShell.Main>
      <Commands />
      <Settings />
    </AppShell>
  );
}

function Brand() {
  return (
    <UnstyledButton component="a" href="#/start">
      <Group gap={8} wrap="nowrap">
        <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" fill="#364fc7" />
          <path d="M5 12h5v-3h4v3h3v-2h4v2h6v8h-6v2h-4v-2h-3v3h-4v-3H5z" fill="#fff" />
        </svg>
        <Text fw={700}>Lathe</Text>
      </Group>
    </UnstyledButton>
  );
}

function ProjectName({ name }: { name: string }) {
  const { t } = useTranslation();
  return (
    <Group gap={4} wrap="nowrap" miw={0}>
      <Text c="dimmed" aria-hidden="true">
        /
      </Text>
      <Text size="sm" fw={500} truncate maw={320}>
        {name}
      </Text>
      <UnstyledButton
        aria-label={t('shell.close')}
        title={t('shell.close')}
        c="dimmed"
        lh={1}
        onClick={() => {
          go('start');
          closeProject().catch(showError);
        }}
      >
        <Icon name="close" size={14} />
      </UnstyledButton>
    </Group>
  );
}

/** The screen while there is a studio behind it; else what is going on. */
function Connection({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const connection = useStudio((state) => state.connection);
  if (connection === 'connecting') {
    return (
      <Center h={300}>
        <Stack align="center" gap="xs">
          <Loader size="sm" />
          <Text size="sm" c="dimmed">
            {t('shell.connecting')}
          </Text>
        </Stack>
      </Center>
    );
  }
  if (connection === 'lost') {
    return (
      <Alert m="lg" color="red" icon={<Icon name="warning" />} role="alert" title={t('shell.lost')}>
        <Stack gap="sm" align="flex-start">
          <Text size="sm">{t('shell.lostHelp')}</Text>
          <Button variant="default" leftSection={<Icon name="retry" />} onClick={() => void begin()}>
            {t('shell.reconnect')}
          </Button>
        </Stack>
      </Alert>
    );
  }
  return children;
}
