/** A small real call table that every carrier is tested with. */

import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type CallTable, LatheError, progressSchema } from '../../../src-main/contract';
import type { Handlers } from '../../../src-main/rpc/server';

const progress = progressSchema;
export const arithmeticCalls = {
  add: { params: z.strictObject({ a: z.number(), b: z.number().default(1) }), result: z.number(), progress },
  fail: { params: z.strictObject({ kind: z.enum(['input', 'defect']) }), result: z.null(), progress },
  count: { params: z.strictObject({ to: z.number(), everyMs: z.number() }), result: z.number(), progress },
  wait: { params: z.strictObject({}), result: z.null(), progress },
  repeat: { params: z.strictObject({ text: z.string(), times: z.number() }), result: z.string(), progress },
  steered: { params: z.strictObject({}), result: z.array(z.string()), progress },
  boast: { params: z.strictObject({}), result: z.null(), progress },
} as const satisfies CallTable;

export const arithmeticHandlers: Handlers<typeof arithmeticCalls> = {
  add: async ({ a, b }) => a + b,
  fail: async ({ kind }) => {
    if (kind === 'input') throw new LatheError({ who: 'net.onnx', what: 'is cut off', next: 'download it again' });
    throw new TypeError('x is not a function');
  },
  count: async ({ to, everyMs }, work) => {
    for (let done = 1; done <= to; done += 1) {
      work.progress({ phase: 'Counting', fraction: done / to });
      if (done % Math.ceil(5 / everyMs) === 0) await delay(5);
    }
    return to;
  },
  wait: (_params, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  repeat: async ({ text, times }) => text.repeat(times),
  steered: (_params, { steering, signal }) =>
    new Promise((resolve) => {
      const wishes: string[] = [];
      const hear = (wish: string): void => {
        wishes.push(wish);
        if (wish === 'stop') resolve(wishes);
      };
      steering.onChange(hear, signal);
    }),
  boast: (_params, work) => {
    work.progress({ phase: 'x'.repeat(2_000_000), fraction: null });
    return new Promise(() => {});
  },
};
