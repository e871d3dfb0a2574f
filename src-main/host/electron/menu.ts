/** The native menu: the page's own command table, between the entries that every desktop app has. */

import { Menu, type MenuItemConstructorOptions } from 'electron';
import type { MenuCommand } from '../../contract';

export interface MenuContents {
  readonly commands: readonly MenuCommand[];
  readonly recents: readonly { readonly path: string; readonly name: string }[];
  readonly platform: string;
  run(command: string): void;
  open(path: string): void;
}

export function showMenu(contents: MenuContents): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(contents)));
}

function menuTemplate({ commands, recents, platform, run, open }: MenuContents): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  const of = (menu: MenuCommand['menu']): MenuItemConstructorOptions[] =>
    commands
      .filter((command) => command.menu === menu)
      .map(({ id, title, accelerator, enabled }) => ({
        id,
        label: title,
        ...(accelerator === undefined ? {} : { accelerator }),
        enabled,
        click: () => run(id),
      }));
  const recentItems = recents.map(({ path, name }) => ({ label: `${name} – ${path}`, click: () => open(path) }));
  return [
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    {
      label: 'File',
      submenu: [
        ...of('file'),
        { label: 'Open Recent', enabled: recentItems.length > 0, submenu: recentItems },
        separator,
        mac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    {
      label: 'Edit',
      submenu: [
        ...withSeparator(of('edit')),
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
      ],
    },
    { label: 'Project', submenu: of('project'), visible: of('project').length > 0 },
    {
      label: 'View',
      submenu: [
        ...withSeparator(of('view')),
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: of('help') },
  ];
}

const separator: MenuItemConstructorOptions = { type: 'separator' };

function withSeparator(items: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] {
  return items.length === 0 ? items : [...items, separator];
}
