import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { MenuCommand } from '../../src-main/contract';
import { Icon } from '../components/icon';
import { showError } from '../components/toast';
import { type Command, useCommandTable } from './command-table';
import { useKeyboard } from './keyboard';

/** The palette (Ctrl+K), the keyboard, and the desktop's native menu. */
export function Commands() {
  const { t } = useTranslation();
  const commands = useCommandTable();
  useKeyboard(commands, run);
  useNativeMenu(commands);
  return (
    <Spotlight
      actions={groupsOf(commands)}
      shortcut={['mod + K', 'mod + P']}
      highlightQuery
      scrollable
      maxHeight={420}
      attributes={{ content: { 'aria-label': t('commands.open') } }}
      scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
      nothingFound={t('commands.nothing')}
      searchProps={{
        leftSection: <Icon name="search" />,
        placeholder: t('commands.placeholder'),
        'aria-label': t('commands.open'),
      }}
    />
  );
}

async function run(command: Command): Promise<void> {
  try {
    await command.run();
  } catch (error) {
    showError(error);
  }
}

function groupsOf(commands: readonly Command[]): SpotlightActionGroupData[] {
  const groups = new Map<string, SpotlightActionGroupData['actions']>();
  for (const command of commands) {
    if (!command.enabled) continue;
    const actions = groups.get(command.group) ?? [];
    groups.set(command.group, actions);
    actions.push({
      id: command.id,
      label: command.title,
      description: command.note,
      leftSection: <Icon name={command.icon} />,
      onClick: () => void run(command),
    });
  }
  return [...groups].map(([group, actions]) => ({ group, actions }));
}

function useNativeMenu(commands: readonly Command[]): void {
  const latest = useRef(commands);
  latest.current = commands;
  const menu = JSON.stringify(
    commands.flatMap(({ id, title, menu, accelerator, enabled }): MenuCommand[] =>
      menu === undefined ? [] : [{ id, title, menu, enabled, ...(accelerator === undefined ? {} : { accelerator }) }],
    ),
  );
  useEffect(() => window.lathe?.setMenu(JSON.parse(menu) as MenuCommand[]), [menu]);
  useEffect(
    () =>
      window.lathe?.onCommand((id) => {
        const command = latest.current.find((candidate) => candidate.id === id);
        if (command?.enabled) void run(command);
      }),
    [],
  );
}
