/** A channel over a MessagePort: the browser's, Node's, or Electron's MessagePortMain. */

import type { Channel, Message } from '../messages';

/** What the three kinds of port have in common; each has one of the two ways to listen. */
export interface PortLike {
  postMessage(message: unknown): void;
  start?(): void;
  close?(): void;
  addEventListener?(type: string, listener: (event: { data?: unknown }) => void): void;
  on?(type: string, listener: (event: { data?: unknown }) => void): unknown;
}

/**
 * Old browsers do not tell that the other end of a port is gone, so a closing end says so itself.
 * Electron's ports have `on` alone and Node's have both, with different arguments: `addEventListener` comes first.
 */
export function messagePortChannel(port: PortLike): Channel {
  const messageListeners: ((message: unknown) => void)[] = [];
  const closeListeners: (() => void)[] = [];
  let closed = false;
  const end = (): void => {
    if (closed) return;
    closed = true;
    for (const listener of closeListeners) listener();
  };
  const listen = (type: string, listener: (event: { data?: unknown }) => void): void => {
    if (port.addEventListener !== undefined) port.addEventListener(type, listener);
    else port.on?.(type, listener);
  };
  listen('message', (event) => {
    if (isFarewell(event.data)) end();
    else for (const listener of messageListeners) listener(event.data);
  });
  listen('close', end);
  port.start?.();
  return {
    send: (message: Message) => {
      if (!closed) port.postMessage(message);
    },
    onMessage: (listener) => {
      messageListeners.push(listener);
    },
    onClose: (listener) => {
      if (closed) listener();
      else closeListeners.push(listener);
    },
    close: () => {
      if (closed) return;
      port.postMessage({ type: 'close' });
      port.close?.();
      end();
    },
  };
}

function isFarewell(data: unknown): boolean {
  return typeof data === 'object' && data !== null && (data as { type?: unknown }).type === 'close';
}
