/**
 * The one error shape of Lathe. A message is one sentence: who, what, where, what to try.
 * Anything else that is thrown is a defect and is shown as one.
 */

/** What the caller can do about it: `usage` mend the call, `input` mend the file, `failed` read the message. */
export type ErrorCode = 'usage' | 'input' | 'failed' | 'cancelled' | 'interrupted' | 'not-found' | 'busy';

export interface ErrorParts {
  /** The thing that speaks, in its own spelling: `Conv "stem/conv1"`, `model.onnx`, `option "sparsity"`. */
  readonly who: string;
  /** What is wrong, with what was expected and what came. */
  readonly what: string;
  /** File, offset, node or field, where `who` does not already say it. */
  readonly where?: string | undefined;
  /** What to try. */
  readonly next?: string | undefined;
  readonly code?: ErrorCode | undefined;
  readonly cause?: unknown;
}

export interface WireError {
  readonly code: ErrorCode | 'defect';
  readonly message: string;
  readonly who?: string | undefined;
  /** Only for defects, so that a report can be written; never shown as the message. */
  readonly stack?: string | undefined;
}

export class LatheError extends Error {
  override readonly name = 'LatheError';
  readonly code: ErrorCode;
  readonly who: string;

  constructor(parts: ErrorParts) {
    const where = parts.where === undefined ? '' : ` (${parts.where})`;
    const next = parts.next === undefined ? '' : `; ${parts.next}`;
    super(`${parts.who}: ${parts.what}${where}${next}`, { cause: parts.cause });
    this.code = parts.code ?? 'input';
    this.who = parts.who;
  }
}

/** Any thrown value as it crosses a border. */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof LatheError) return { code: thrown.code, message: thrown.message, who: thrown.who };
  if (thrown instanceof Error) {
    if (thrown.name === 'AbortError') return { code: 'cancelled', message: 'Cancelled.' };
    return { code: 'defect', message: thrown.message, stack: thrown.stack };
  }
  return { code: 'defect', message: String(thrown) };
}

/** The far side of {@link toWireError}. */
export function fromWireError(wire: WireError): Error {
  if (wire.code === 'defect') return Object.assign(new Error(wire.message), { stack: wire.stack ?? wire.message });
  return new ReceivedError(wire);
}

class ReceivedError extends LatheError {
  constructor(wire: WireError) {
    super({ who: wire.who ?? '', what: '', code: wire.code === 'defect' ? 'failed' : wire.code });
    this.message = wire.message;
  }
}

/** The text of whatever was thrown, for a message that wraps it. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
