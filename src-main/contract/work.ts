/** What every long job is handed: a way to speak and a way to be stopped. */

import { z } from 'zod';

/** How a training went, enough to draw its curves; some kilobytes, however long it was. */
export const trainingCurvesSchema = z.object({
  /** Updates done, of how many. */
  step: z.number().int(),
  steps: z.number().int(),
  /** Loss on the validation rows, lower is better; epoch 0 = before training. */
  best: z.object({
    validation: z.number().nullable(),
    /** Share of right answers on the validation rows; without labels, of those that are the teacher's. */
    accuracy: z.number(),
    epoch: z.number().int(),
  }),
  /** Update → mean loss around it and learning rate; some hundred points. */
  curve: z.array(z.object({ step: z.number(), loss: z.number(), learningRate: z.number() })),
  /** After each epoch; thinned out like the curve. */
  validation: z.array(z.object({ step: z.number(), loss: z.number().nullable() })),
});
export type TrainingCurves = z.infer<typeof trainingCurvesSchema>;

/** What a training tells while it runs. A later message may overtake its last one: what is to last is in the log. */
export const trainingProgressSchema = trainingCurvesSchema.extend({
  epoch: z.number().int(),
  epochs: z.number().int(),
  /** Of the last update. */
  loss: z.number(),
  learningRate: z.number(),
  samplesPerSecond: z.number(),
  /** null until an update has been timed. */
  secondsLeft: z.number().nullable(),
});
export type TrainingProgress = z.infer<typeof trainingProgressSchema>;

/** `stop`: what is there by now is kept and the work goes on to its end from there. */
export const wishSchema = z.enum(['run', 'pause', 'stop']);
export type Wish = z.infer<typeof wishSchema>;

export const progressSchema = z.object({
  /** A short present-tense line: `Calibrating`, `Measuring latency`. */
  phase: z.string(),
  /** Share done of the whole job, 0…1; null while it cannot be known. */
  fraction: z.number().min(0).max(1).nullable(),
  /** `37 of 128 samples`, a node name: what is being done just now. */
  detail: z.string().optional(),
  /** Only while a model is trained: what can be paused, and stopped with what it has reached. */
  training: trainingProgressSchema.optional(),
});
export type Progress = z.infer<typeof progressSchema>;

export interface Work {
  readonly progress: (progress: Progress) => void;
  readonly signal: AbortSignal;
  /** Absent where nobody can steer. */
  readonly steering?: Steering | undefined;
}

/** What the person who watches wants; work that can be neither paused nor shortened does not look. */
export interface Steering {
  readonly wish: Wish;
  /** Called on each change until the signal is aborted. */
  onChange(listener: (wish: Wish) => void, signal: AbortSignal): void;
}

/** The steering's own end: whoever holds it sets the wish. */
export class Helm implements Steering {
  private readonly changes = new EventTarget();
  private current: Wish = 'run';

  get wish(): Wish {
    return this.current;
  }

  set(wish: Wish): void {
    this.current = wish;
    this.changes.dispatchEvent(new Event('change'));
  }

  onChange(listener: (wish: Wish) => void, signal: AbortSignal): void {
    this.changes.addEventListener('change', () => listener(this.current), { signal });
  }
}

/** A part of a job: its own 0…1 is mapped to `from`…`to` of the whole. */
export function portion(work: Work, from: number, to: number, phase?: string): Work {
  return {
    ...handedOn(work),
    progress: (p) =>
      work.progress({
        ...p,
        phase: phase ?? p.phase,
        fraction: p.fraction === null ? from : from + (to - from) * p.fraction,
      }),
  };
}

/** Of a job, what each of its parts gets as it is. */
export function handedOn({ signal, steering }: Work): Pick<Work, 'signal' | 'steering'> {
  return { signal, steering };
}

/** Work that nobody watches or stops; for tests and for short questions. */
export function unwatched(): Work {
  return { progress: () => {}, signal: new AbortController().signal };
}
