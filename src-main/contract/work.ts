/** What every long job is handed: a way to speak and a way to be stopped. */

import { z } from 'zod';

export const progressSchema = z.object({
  /** A short present-tense line: `Calibrating`, `Measuring latency`. */
  phase: z.string(),
  /** Share done of the whole job, 0…1; null while it cannot be known. */
  fraction: z.number().min(0).max(1).nullable(),
  /** `37 of 128 samples`, a node name: what is being done just now. */
  detail: z.string().optional(),
});
export type Progress = z.infer<typeof progressSchema>;

export interface Work {
  readonly progress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** A part of a job: its own 0…1 is mapped to `from`…`to` of the whole. */
export function portion(work: Work, from: number, to: number, phase?: string): Work {
  return {
    signal: work.signal,
    progress: (p) =>
      work.progress({
        ...p,
        phase: phase ?? p.phase,
        fraction: p.fraction === null ? from : from + (to - from) * p.fraction,
      }),
  };
}

/** Work that nobody watches or stops; for tests and for short questions. */
export function unwatched(): Work {
  return { progress: () => {}, signal: new AbortController().signal };
}
