/** Runs before the page in a sandbox of its own: hands over the studio's port and the few desktop powers. */

import { contextBridge, type IpcRendererEvent, ipcRenderer, webUtils } from 'electron';
import type { DesktopBridge, StudioPortMessage } from '../../contract/desktop';
import { channels } from './channels';

/** The page's window. A port cannot pass the context bridge, so it is posted to the page. */
declare const window: {
  readonly location: { readonly origin: string };
  postMessage(message: unknown, targetOrigin: string, transfer: readonly unknown[]): void;
};

const portMessage: StudioPortMessage = { type: 'lathe:studio-port' };
ipcRenderer.on(channels.port, (event) => window.postMessage(portMessage, window.location.origin, event.ports));

function listen(channel: string, listener: (text: string) => void): () => void {
  const heard = (_event: IpcRendererEvent, text: string): void => listener(text);
  ipcRenderer.on(channel, heard);
  return () => {
    ipcRenderer.off(channel, heard);
  };
}

const bridge: DesktopBridge = {
  platform: process.platform,
  connect: () => ipcRenderer.send(channels.connect),
  pathOf: (file) => webUtils.getPathForFile(file),
  choose: (kind) => ipcRenderer.invoke(channels.choose, kind),
  reveal: (path) => ipcRenderer.invoke(channels.reveal, path),
  setMenu: (commands) => ipcRenderer.send(channels.menu, commands),
  onCommand: (listener) => listen(channels.command, listener),
  onOpen: (listener) => listen(channels.open, listener),
};
contextBridge.exposeInMainWorld('lathe', bridge);
