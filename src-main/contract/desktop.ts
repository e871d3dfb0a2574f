/**
 * The desktop app's side door to its page: what a plain browser cannot offer. The page finds it as `window.lathe`;
 * in a browser there is none.
 */

import { z } from 'zod';

/** The sub-menus that a page's commands go into; the app adds the system's own (copy, zoom, quit …). */
export const menuNames = ['file', 'edit', 'view', 'project', 'help'] as const;

/** One command of the page as the native menu shows it. */
export const menuCommandSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9.-]{1,64}$/),
  title: z.string().min(1).max(100),
  /** In Electron's notation: `CmdOrCtrl+O`. */
  accelerator: z
    .string()
    .regex(/^[A-Za-z0-9+,./\\[\]=;'`-]{1,40}$/)
    .optional(),
  menu: z.enum(menuNames),
  enabled: z.boolean(),
});
export type MenuCommand = z.infer<typeof menuCommandSchema>;
export const menuCommandsSchema = z.array(menuCommandSchema).max(100);

/** What a file dialog is asked for. */
export const chooseSchema = z.enum(['model', 'dataset', 'project', 'recipe', 'folder']);
export type ChooseKind = z.infer<typeof chooseSchema>;

/** What `window.lathe` offers to the page. */
export interface DesktopBridge {
  /** `darwin`, `linux`, `win32`. */
  readonly platform: string;
  /** Asks for a port to the studio. It comes as a window message of the form {@link StudioPortMessage} with one port. */
  connect(): void;
  /** Where a file lies that the user dropped on the page; empty where it has no path. */
  pathOf(file: File): string;
  /** The system's file dialog; null where the user thought better of it. */
  choose(kind: ChooseKind): Promise<string | null>;
  /** Shows a file in the system's file manager. */
  reveal(path: string): Promise<void>;
  /** The page's whole command table, each time that it changes. */
  setMenu(commands: readonly MenuCommand[]): void;
  /** A command was chosen in the native menu. @returns stops listening */
  onCommand(listener: (id: string) => void): () => void;
  /** A model or project was opened from outside: double click, dock, second start. @returns stops listening */
  onOpen(listener: (path: string) => void): () => void;
}

/** `window` message from the preload script: `event.source === window`, and the port is `event.ports[0]`. */
export interface StudioPortMessage {
  readonly type: 'lathe:studio-port';
}

declare global {
  interface Window {
    readonly lathe?: DesktopBridge;
  }
}
