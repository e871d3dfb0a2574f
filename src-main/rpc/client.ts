/**
 * The asking end of a channel, typed by a call table. The renderer imports this file, so nothing here may load zod:
 * of the contract only types and the error shape.
 */

import type { CallName, CallTable, ParamsOf, ProgressOf, ResultOf } from '../contract/calls';
import { fromWireError, LatheError } from '../contract/error';
import type { Steering } from '../contract/work';
import { type Channel, checkMessageSize, type Message, readMessage } from './messages';

export { messagePortChannel } from './channels/message-port';
export { webSocketChannel } from './channels/web-socket';
export type { Channel } from './messages';

export interface CallOptions<Progress> {
  /** Asks the far side to stop; the call then ends with the error `cancelled`, once that has stopped. */
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((progress: Progress) => void) | undefined;
  /** Told on to the far side on each change, and at once where it is not to run. */
  readonly steering?: Steering | undefined;
}

export interface Client<Table extends CallTable> {
  /**
   * @throws LatheError as the far side threw it; code `interrupted` where the channel closes before an answer
   */
  call<Name extends CallName<Table>>(
    name: Name,
    params: ParamsOf<Table, Name>,
    options?: CallOptions<ProgressOf<Table, Name>>,
  ): Promise<ResultOf<Table, Name>>;
  close(): void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly progress: ((progress: unknown) => void) | undefined;
}

/** @param farSide how messages name the other end: `studio`, `engine` */
export function createClient<Table extends CallTable>(channel: Channel, farSide = 'studio'): Client<Table> {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let closed = false;

  const receive = (message: Message): void => {
    if (message.type === 'heartbeat') return;
    const call = pending.get(message.id);
    if (call === undefined) return;
    if (message.type === 'progress') {
      call.progress?.(message.progress);
      return;
    }
    pending.delete(message.id);
    if (message.type === 'result') call.resolve(message.result);
    else if (message.type === 'error') call.reject(fromWireError(message.error));
  };
  channel.onMessage((value) => {
    const message = readMessage(value);
    if (message !== null) receive(message);
  });
  channel.onClose(() => {
    closed = true;
    for (const call of pending.values()) call.reject(connectionLost(farSide));
    pending.clear();
  });

  return {
    call: (name, params, options = {}) =>
      new Promise((resolve, reject) => {
        const { signal, progress, steering } = options;
        if (closed) return reject(connectionLost(farSide));
        if (signal?.aborted) return reject(fromWireError({ code: 'cancelled', message: 'Cancelled.' }));
        const id = nextId++;
        const message: Message = { type: 'call', id, name, params };
        checkMessageSize(message, `call "${name}"`);
        const cancel = (): void => channel.send({ type: 'cancel', id });
        signal?.addEventListener('abort', cancel, { once: true });
        const ended = new AbortController();
        steering?.onChange((wish) => channel.send({ type: 'steer', id, wish }), ended.signal);
        const end = (): void => {
          signal?.removeEventListener('abort', cancel);
          ended.abort();
        };
        pending.set(id, {
          resolve: (result) => {
            end();
            resolve(result as never);
          },
          reject: (error) => {
            end();
            reject(error);
          },
          progress: progress as ((progress: unknown) => void) | undefined,
        });
        channel.send(message);
        if (steering !== undefined && steering.wish !== 'run') channel.send({ type: 'steer', id, wish: steering.wish });
      }),
    close: () => channel.close(),
  };
}

function connectionLost(farSide: string): LatheError {
  return new LatheError({
    who: farSide,
    what: 'the connection closed before an answer came',
    next: 'what was finished is kept; connect again',
    code: 'interrupted',
  });
}
