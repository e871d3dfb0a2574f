/** The answering end of a channel: parses parameters, refuses what is unknown, tells progress at a bearable rate. */

import {
  type CallName,
  type CallTable,
  Helm,
  LatheError,
  type ParsedParamsOf,
  type ProgressOf,
  parse,
  type ResultOf,
  type Steering,
  toWireError,
} from '../contract';
import { type Channel, checkMessageSize, type Message, readMessage } from './messages';

/** What a handler is given besides its parameters. */
export interface CallWork<Progress> {
  readonly progress: (progress: Progress) => void;
  readonly signal: AbortSignal;
  readonly steering: Steering;
}

export type Handlers<Table extends CallTable> = {
  readonly [Name in CallName<Table>]: (
    params: ParsedParamsOf<Table, Name>,
    work: CallWork<ProgressOf<Table, Name>>,
  ) => Promise<ResultOf<Table, Name>>;
};

/** At most 20 progress messages a second for each call. */
const progressIntervalMs = 50;

/**
 * Serves `table` until the channel closes, which aborts the calls that are under way.
 * @returns settles once the channel is closed
 */
export function serve<Table extends CallTable>(
  channel: Channel,
  table: Table,
  handlers: Partial<Handlers<Table>>,
): Promise<void> {
  const running = new Map<number, { readonly controller: AbortController; readonly helm: Helm }>();

  const answer = async (id: number, name: string, params: unknown): Promise<void> => {
    const controller = new AbortController();
    const helm = new Helm();
    running.set(id, { controller, helm });
    const teller = new ProgressTeller((progress) => {
      const message: Message = { type: 'progress', id, progress };
      try {
        checkMessageSize(message, `progress of "${name}"`);
        channel.send(message);
      } catch (thrown) {
        end({ type: 'error', id, error: toWireError(thrown) });
        controller.abort();
      }
    });
    const end = (message: Message): void => {
      if (!running.delete(id)) return;
      teller.finish();
      channel.send(message);
    };
    try {
      const progress = (told: unknown) => teller.tell(told);
      const work = { progress, signal: controller.signal, steering: helm };
      const message: Message = { type: 'result', id, result: await perform(table, handlers, name, params, work) };
      checkMessageSize(message, `answer of "${name}"`);
      end(message);
    } catch (thrown) {
      end({ type: 'error', id, error: toWireError(thrown) });
    }
  };

  channel.onMessage((value) => {
    const message = readMessage(value);
    if (message?.type === 'call') void answer(message.id, message.name, message.params);
    else if (message?.type === 'cancel') running.get(message.id)?.controller.abort();
    else if (message?.type === 'steer') running.get(message.id)?.helm.set(message.wish);
  });
  return new Promise((resolve) => {
    channel.onClose(() => {
      for (const { controller } of running.values()) controller.abort();
      resolve();
    });
  });
}

async function perform<Table extends CallTable>(
  table: Table,
  handlers: Partial<Handlers<Table>>,
  name: string,
  params: unknown,
  work: CallWork<unknown>,
): Promise<unknown> {
  const call = Object.hasOwn(table, name) ? table[name] : undefined;
  const handler = Object.hasOwn(handlers, name) ? handlers[name as CallName<Table>] : undefined;
  if (call === undefined || handler === undefined)
    throw new LatheError({ who: `call "${name}"`, what: 'is not known here', code: 'usage' });
  checkMessageSize({ type: 'call', id: 0, name, params }, `call "${name}"`);
  const parsed = parse(call.params, params, `call "${name}"`);
  return handler(parsed as never, work as never);
}

/** Holds back progress that comes too fast and lets the last one through always. */
class ProgressTeller {
  private held: { readonly progress: unknown } | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lastAt = Number.NEGATIVE_INFINITY;

  constructor(private send: (progress: unknown) => void) {}

  tell(progress: unknown): void {
    this.held = { progress };
    const wait = this.lastAt + progressIntervalMs - performance.now();
    if (wait <= 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), wait);
  }

  finish(): void {
    this.flush();
    this.send = () => {};
  }

  private flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const held = this.held;
    if (held === null) return;
    this.held = null;
    this.lastAt = performance.now();
    this.send(held.progress);
  }
}
