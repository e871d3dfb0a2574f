import { useHotkeys } from '@mantine/hooks';
import type { Command } from './command-table';

/** Electron's notation as the page's: `CmdOrCtrl+O` → `mod+O`. */
export const hotkeyOf = (accelerator: string): string => accelerator.replace('CmdOrCtrl', 'mod');

/** The accelerators of the command table; on a desktop the native menu hears them first. */
export function useKeyboard(commands: readonly Command[], run: (command: Command) => Promise<void>): void {
  useHotkeys(
    commands.flatMap((command): [string, () => void][] =>
      command.accelerator === undefined
        ? []
        : [[hotkeyOf(command.accelerator), () => void (command.enabled && run(command))]],
    ),
  );
}
