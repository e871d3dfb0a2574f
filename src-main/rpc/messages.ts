/** The one message protocol: call, cancel, steer, progress, result, error. No zod: the renderer reads this file too. */

import type { WireError } from '../contract/error';
import { LatheError } from '../contract/error';
import type { Wish } from '../contract/work';

export type Message =
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly params: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'steer'; readonly id: number; readonly wish: Wish }
  | { readonly type: 'progress'; readonly id: number; readonly progress: unknown }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: WireError }
  /** From an engine process, each second while its event loop turns. */
  | { readonly type: 'heartbeat'; readonly rssBytes: number };

/** Two ends that carry messages in order, or close. */
export interface Channel {
  send(message: Message): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once when the other end is gone, at once if it already is. */
  onClose(listener: () => void): void;
  close(): void;
}

/** Tensors never cross a border; what does is a summary. */
export const maxMessageBytes = 1024 * 1024;

/**
 * The size of a message as JSON text in UTF-8.
 * @throws LatheError where it is above {@link maxMessageBytes}
 */
export function checkMessageSize(message: Message, who: string): void {
  const text = JSON.stringify(message);
  if (text.length * 3 <= maxMessageBytes) return;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > maxMessageBytes)
    throw new LatheError({
      who,
      what: `a message of ${bytes} bytes is above the limit of ${maxMessageBytes}`,
      next: 'pass a path instead of contents',
      code: 'failed',
    });
}

/** What came from outside, if it has the form of a message. */
export function readMessage(value: unknown): Message | null {
  if (typeof value !== 'object' || value === null) return null;
  const { type, id, name, wish, rssBytes } = value as Record<string, unknown>;
  if (type === 'heartbeat') return typeof rssBytes === 'number' ? (value as Message) : null;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return null;
  if (type === 'call') return typeof name === 'string' ? (value as Message) : null;
  if (type === 'steer') return wish === 'run' || wish === 'pause' || wish === 'stop' ? (value as Message) : null;
  return type === 'cancel' || type === 'progress' || type === 'result' || type === 'error' ? (value as Message) : null;
}
