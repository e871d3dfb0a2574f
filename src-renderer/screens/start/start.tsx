import { ActionIcon, Box, Button, Group, SimpleGrid, Stack, Text, ThemeIcon, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { go } from '../../app/navigation';
import { Empty } from '../../components/empty';
import { baseName, moment } from '../../components/format';
import { Icon } from '../../components/icon';
import { Page } from '../../components/page';
import { Panel } from '../../components/panel';
import type { Kind } from '../../components/path-browser';
import { PathField } from '../../components/path-field';
import { showError } from '../../components/toast';
import { useAction } from '../../components/use-action';
import { browse, forgetRecent, openPath, openProject, openSample } from '../../studio/actions';
import { useStudio } from '../../studio/store';
import { DropZone } from './drop-zone';

/** Opens a model or a project: the first thing that is seen. */
export function Start() {
  const { t } = useTranslation();
  const [path, setPath] = useState('');
  const sample = useStudio((state) => state.about?.sample ?? null);
  const [open, opening] = useAction(async (target: string, kind: Kind | 'folder' | null) => {
    if (kind === 'project') await openProject(target);
    else await openPath(target);
    go('inspect');
  });
  const [tryTheSample, tryingSample] = useAction(async () => {
    await openSample();
    go('inspect');
  });
  return (
    <Page title={t('start.title')} lead={t('start.lead')}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: 'start' }}>
        <Stack gap="md">
          <Panel title={t('start.openModel')}>
            <Stack gap="md">
              <DropZone onPath={(dropped) => void open(dropped, null)} />
              <PathField
                label={t('start.path')}
                placeholder={t('start.pathPlaceholder')}
                value={path}
                onChange={setPath}
                onSubmit={(target, kind) => void open(target, kind)}
                choose={['model', 'project']}
                browse={browse}
                busy={opening}
              />
            </Stack>
          </Panel>
          {sample !== null && (
            <Panel
              title={t('start.sample')}
              actions={
                <Button
                  variant="light"
                  leftSection={<Icon name="sparkle" />}
                  loading={tryingSample}
                  onClick={() => void tryTheSample()}
                >
                  {t('start.openSample')}
                </Button>
              }
            >
              <Text size="sm" c="dimmed">
                {t('start.sampleNote')}
              </Text>
            </Panel>
          )}
        </Stack>
        <Recents onOpen={(project) => void open(project, 'project')} />
      </SimpleGrid>
    </Page>
  );
}

function Recents({ onOpen }: { onOpen: (project: string) => void }) {
  const { t, i18n } = useTranslation();
  const recents = useStudio((state) => state.recents);
  return (
    <Panel title={t('start.recents')}>
      {recents.length === 0 ? (
        <Empty icon="clock" text={t('start.noRecents')} />
      ) : (
        <Stack gap={2} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
          {recents.map((recent) => (
            <li key={recent.path}>
              <Group gap={4} wrap="nowrap">
                <UnstyledButton flex={1} miw={0} p={6} className="row-button" onClick={() => onOpen(recent.path)}>
                  <Group gap="sm" wrap="nowrap">
                    <ThemeIcon variant="light" color="gray">
                      <Icon name="model" />
                    </ThemeIcon>
                    <Box flex={1} miw={0}>
                      <Text size="sm" fw={500} truncate>
                        {recent.name || baseName(recent.path)}
                      </Text>
                      <Text size="xs" c="dimmed" truncate>
                        {recent.path}
                      </Text>
                    </Box>
                    <Text size="xs" c="dimmed">
                      {moment(recent.openedAt, i18n.language)}
                    </Text>
                  </Group>
                </UnstyledButton>
                <ActionIcon
                  aria-label={t('start.forget', { name: recent.name })}
                  onClick={() => void forgetRecent(recent.path).catch(showError)}
                >
                  <Icon name="close" size={14} />
                </ActionIcon>
              </Group>
            </li>
          ))}
        </Stack>
      )}
    </Panel>
  );
}
