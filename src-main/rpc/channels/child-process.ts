/** A channel over the IPC of a child process, for both of its ends. */

import type { Channel, Message } from '../messages';

/** `ChildProcess` on the parent's side, `process` on the child's. Fork with `serialization: 'advanced'`. */
export interface IpcLike {
  readonly connected: boolean;
  send?(message: unknown, callback: (error: Error | null) => void): boolean;
  disconnect?(): void;
  on(type: 'message', listener: (message: unknown) => void): unknown;
  on(type: 'disconnect', listener: () => void): unknown;
}

export function childProcessChannel(end: IpcLike): Channel {
  return {
    send: (message: Message) => {
      // The other end may die between the test and the write: the close listener tells, so the error is not needed.
      if (end.connected) end.send?.(message, () => {});
    },
    onMessage: (listener) => {
      end.on('message', listener);
    },
    onClose: (listener) => {
      if (end.connected) end.on('disconnect', listener);
      else listener();
    },
    close: () => {
      if (end.connected) end.disconnect?.();
    },
  };
}
