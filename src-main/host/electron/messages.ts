/** Messages from pages: heard only from the main frame of our own window on our own origin, and parsed before use. */

import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron';
import { z } from 'zod';
import { type ChooseKind, chooseSchema, type MenuCommand, menuCommandsSchema, parse } from '../../contract';
import { channels } from './channels';

export interface PageMessages {
  connect(contents: WebContents): void;
  choose(kind: ChooseKind): Promise<string | null>;
  reveal(path: string): void;
  menu(commands: readonly MenuCommand[]): void;
}

/** @param ours whether these contents are a window of the app */
export function hearPages(handlers: PageMessages, origin: string, ours: (contents: WebContents) => boolean): void {
  const trusted = (event: IpcMainEvent | IpcMainInvokeEvent): boolean =>
    ours(event.sender) &&
    event.senderFrame !== null &&
    event.senderFrame === event.sender.mainFrame &&
    event.senderFrame.origin === origin;
  const hear = <Schema extends z.ZodType>(
    channel: string,
    schema: Schema,
    handler: (params: z.output<Schema>, contents: WebContents) => void,
  ): void => {
    ipcMain.on(channel, (event, params: unknown) => {
      const parsed = z.safeParse(schema, params);
      if (trusted(event) && parsed.success) handler(parsed.data, event.sender);
    });
  };
  const answer = <Schema extends z.ZodType>(
    channel: string,
    schema: Schema,
    handler: (params: z.output<Schema>) => unknown,
  ): void => {
    ipcMain.handle(channel, async (event, params: unknown) => {
      if (!trusted(event)) throw new Error(`${channel}: this sender is not heard`);
      return handler(parse(schema, params, channel));
    });
  };
  hear(channels.connect, z.undefined(), (_nothing, contents) => handlers.connect(contents));
  hear(channels.menu, menuCommandsSchema, (commands) => handlers.menu(commands));
  answer(channels.choose, chooseSchema, (kind) => handlers.choose(kind));
  answer(channels.reveal, z.string().min(1).max(4096), (path) => handlers.reveal(path));
}
