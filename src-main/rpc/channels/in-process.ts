/** Two ends in one process, for the shell and for tests. */

import type { Channel, Message } from '../messages';

/**
 * A connected pair. Messages are cloned and arrive in a later turn, as on every other carrier, so that nothing
 * depends on sharing objects.
 */
export function inProcessChannels(): [Channel, Channel] {
  const first = new End();
  const second = new End();
  first.peer = second;
  second.peer = first;
  return [first, second];
}

class End implements Channel {
  peer!: End;
  private closed = false;
  private readonly messageListeners: ((message: unknown) => void)[] = [];
  private readonly closeListeners: (() => void)[] = [];

  send(message: Message): void {
    if (this.closed) return;
    const copy = structuredClone(message);
    queueMicrotask(() => this.peer.deliver(copy));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.messageListeners.push(listener);
  }

  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.closeListeners.push(listener);
  }

  close(): void {
    this.end();
    queueMicrotask(() => this.peer.end());
  }

  private deliver(message: unknown): void {
    if (!this.closed) for (const listener of this.messageListeners) listener(message);
  }

  private end(): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.closeListeners) listener();
  }
}
