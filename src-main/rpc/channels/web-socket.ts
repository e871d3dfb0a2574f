/** A channel of JSON text over a WebSocket: the browser's own or one of the package ws. */

import { type Channel, type Message, maxMessageBytes } from '../messages';

export interface SocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}

const connecting = 0;
const open = 1;
/** RFC 6455: unsupported data; message too big. */
const unsupportedData = 1003;
const tooBig = 1009;

/** Messages sent before the socket is open wait for it. What is not JSON, or too long, closes the socket. */
export function webSocketChannel(socket: SocketLike): Channel {
  const waiting: string[] = [];
  const messageListeners: ((message: unknown) => void)[] = [];
  socket.addEventListener('open', () => {
    for (const text of waiting.splice(0)) socket.send(text);
  });
  // A close always follows an error; without a listener the package ws would throw it.
  socket.addEventListener('error', () => {});
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') return socket.close(unsupportedData);
    if (data.length > maxMessageBytes) return socket.close(tooBig);
    const message = parseJson(data);
    if (message === undefined) return socket.close(unsupportedData);
    for (const listener of messageListeners) listener(message);
  });
  return {
    send: (message: Message) => {
      const text = JSON.stringify(message);
      if (socket.readyState === open) socket.send(text);
      else if (socket.readyState === connecting) waiting.push(text);
    },
    onMessage: (listener) => {
      messageListeners.push(listener);
    },
    onClose: (listener) => {
      if (socket.readyState === connecting || socket.readyState === open) socket.addEventListener('close', listener);
      else listener();
    },
    close: () => socket.close(),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
