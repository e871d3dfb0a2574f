/** Starts engine processes, watches them, stops them, and says of what one died. */

import { basename } from 'node:path';
import {
  type CallName,
  type EngineCalls,
  handedOn,
  LatheError,
  type ParamsOf,
  type Progress,
  type ResultOf,
  unwatched,
  type Work,
} from '../../contract';
import { type Client, createClient } from '../../rpc/client';
import { type Channel, readMessage } from '../../rpc/messages';
import type { EngineCarrier, EngineExit, EngineProcess } from './carrier';
import { causeOfDeath } from './cause-of-death';

export interface SupervisorOptions {
  readonly carrier: EngineCarrier;
  /** After a cancel: the time to stop by itself before the process is killed. */
  readonly stopWithinMs?: number | undefined;
  /** A process whose event loop has not turned for so long is taken for hung. One run of a model may well last minutes. */
  readonly silenceLimitMs?: number | undefined;
  /** The process for short questions ends after so long without one. */
  readonly idleMs?: number | undefined;
}

export interface Supervisor {
  /** A job: a fresh process that ends with the answer, so that its memory is its own and a crash takes nothing along. */
  run<Name extends CallName<EngineCalls>>(
    name: Name,
    params: ParamsOf<EngineCalls, Name>,
    work: Work,
  ): Promise<ResultOf<EngineCalls, Name>>;
  /** A short question: answered by a process that is kept for the next one. */
  ask<Name extends CallName<EngineCalls>>(
    name: Name,
    params: ParamsOf<EngineCalls, Name>,
    work?: Work,
  ): Promise<ResultOf<EngineCalls, Name>>;
  /** Lets go of the kept process, so that the next question starts one anew. */
  renew(): void;
  /** Kills what is left and starts nothing more. Calls under way end with `interrupted`. */
  close(): void;
}

/** A long row of questions leaves garbage in native memory: a new process is cheaper than finding it. */
const questionsPerProcess = 50;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { stopWithinMs = 5000, silenceLimitMs = 600_000, idleMs = 60_000 } = options;
  const alive = new Set<Engine>();
  let idle: { engine: Engine; timer: NodeJS.Timeout } | null = null;
  let closed = false;

  const start = (): Engine => {
    if (closed) throw new LatheError({ who: 'engine', what: 'Lathe is being closed', code: 'interrupted' });
    const engine = new Engine(options.carrier.start(), silenceLimitMs);
    alive.add(engine);
    engine.onEnd(() => {
      alive.delete(engine);
      if (idle?.engine === engine) takeIdle();
    });
    return engine;
  };
  const takeIdle = (): Engine | null => {
    const kept = idle;
    idle = null;
    if (kept === null) return null;
    clearTimeout(kept.timer);
    return kept.engine.ended ? null : kept.engine;
  };
  const keep = (engine: Engine): void => {
    if (engine.ended || engine.answered >= questionsPerProcess || idle !== null) {
      engine.kill();
      return;
    }
    const timer = setTimeout(() => {
      idle = null;
      engine.kill();
    }, idleMs);
    timer.unref();
    idle = { engine, timer };
  };

  return {
    run: async (name, params, work) => {
      const engine = start();
      try {
        return await engine.call(name, params, work, stopWithinMs);
      } finally {
        engine.kill();
      }
    },
    ask: async (name, params, work = unwatched()) => {
      const engine = takeIdle() ?? start();
      try {
        return await engine.call(name, params, work, stopWithinMs);
      } finally {
        keep(engine);
      }
    },
    renew: () => {
      takeIdle()?.kill();
    },
    close: () => {
      closed = true;
      takeIdle();
      for (const engine of alive) engine.kill();
    },
  };
}

/** One process and its one call at a time. */
class Engine {
  ended = false;
  answered = 0;
  private readonly client: Client<EngineCalls>;
  private readonly endListeners: (() => void)[] = [];
  private exit: EngineExit | null = null;
  private lastHeardAt = performance.now();
  private rssBytes: number | null = null;
  private hung = false;

  constructor(
    private readonly process: EngineProcess,
    silenceLimitMs: number,
  ) {
    this.client = createClient<EngineCalls>(this.channel(), 'engine');
    process.onMessage((value) => {
      this.lastHeardAt = performance.now();
      const message = readMessage(value);
      if (message?.type === 'heartbeat') this.rssBytes = message.rssBytes;
    });
    const watch = setInterval(() => {
      if (performance.now() - this.lastHeardAt < silenceLimitMs) return;
      this.hung = true;
      this.kill();
    }, silenceLimitMs / 10);
    watch.unref();
    process.onExit((exit) => {
      clearInterval(watch);
      this.exit = exit;
      this.ended = true;
      for (const listener of this.endListeners) listener();
    });
  }

  onEnd(listener: () => void): void {
    this.endListeners.push(listener);
  }

  kill(): void {
    if (!this.ended) this.process.kill();
  }

  /** @throws LatheError `cancelled` after a cancel, `interrupted` where the process ended without an answer */
  async call<Name extends CallName<EngineCalls>>(
    name: Name,
    params: ParamsOf<EngineCalls, Name>,
    work: Work,
    stopWithinMs: number,
  ): Promise<ResultOf<EngineCalls, Name>> {
    let last: Progress | null = null;
    let killTimer: NodeJS.Timeout | undefined;
    const killSoon = (): void => {
      killTimer = setTimeout(() => this.kill(), stopWithinMs);
    };
    work.signal.addEventListener('abort', killSoon, { once: true });
    try {
      const progress = (told: Progress): void => {
        last = told;
        work.progress(told);
      };
      return await this.client.call(name, params, { ...handedOn(work), progress });
    } catch (thrown) {
      if (this.exit === null) throw thrown;
      throw work.signal.aborted ? cancelled() : this.interrupted(name, params, last);
    } finally {
      this.answered += 1;
      work.signal.removeEventListener('abort', killSoon);
      clearTimeout(killTimer);
    }
  }

  /** Closes with the process, not with its pipe: by then it is known of what it died. */
  private channel(): Channel {
    return {
      send: (message) => this.process.send(message),
      onMessage: (listener) => this.process.onMessage(listener),
      onClose: (listener) => this.onEnd(listener),
      close: () => this.kill(),
    };
  }

  private interrupted(name: string, params: unknown, last: Progress | null): LatheError {
    const { what, next } = this.hung
      ? { what: 'did not answer for too long and was ended', next: 'try again' }
      : causeOfDeath(this.exit as EngineExit, this.rssBytes);
    return new LatheError({
      who: modelName(params),
      what: `the engine process ${what}`,
      where: last === null ? `at the start of "${name}"` : `during "${stepText(last)}"`,
      next,
      code: 'interrupted',
    });
  }
}

function stepText({ phase, detail }: Progress): string {
  return detail === undefined ? phase : `${phase}: ${detail}`;
}

function modelName(params: unknown): string {
  const model = (params as { model?: unknown } | null)?.model;
  return typeof model === 'string' ? basename(model) : 'engine';
}

function cancelled(): LatheError {
  return new LatheError({ who: 'job', what: 'was cancelled', code: 'cancelled' });
}
