/**
 * What a room that changes models offers to `recipe`: one {@link StepKind}. Generic in Model and Dataset, whose types
 * live in rooms that the contract may not import.
 */

import type { OptionSpecs, OptionValue } from './options';
import type { StepKindName, Targets } from './recipe';
import type { TrainingCurves, Work } from './work';

/** A method as it is listed, checked and drawn. */
export interface MethodSpec {
  /** As in a recipe: `static-int8`. */
  readonly name: string;
  readonly title: string;
  /** One or two sentences for the person who chooses. */
  readonly help: string;
  /** Paper or spec. */
  readonly source: string;
  readonly options: OptionSpecs;
  /** `calibration`: cannot run without a Dataset. `optional`: better with one. */
  readonly data: 'none' | 'optional' | 'calibration' | 'train';
}

export interface StepContext<Model, Dataset> extends Work {
  /** Absent where the user has no data; a method that needs it says so. */
  readonly dataset?: Dataset | undefined;
  /** Sizes for symbolic dimensions, e.g. `{ sequence: 128 }`. */
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  /** A folder of this job alone, removed afterwards. */
  readonly workDir: string;
  /** A folder that outlives the job, for statistics keyed by content; may be absent. */
  readonly cacheDir?: string | undefined;
  /** The model that the recipe started from: teacher and reference. */
  readonly original: Model;
}

export interface StepOutcome<Model> {
  readonly model: Model;
  readonly eligible: number;
  readonly changed: number;
  readonly skipped: readonly { readonly node: string; readonly reason: string }[];
  /** Sentences for the person who reads the log. */
  readonly notes: readonly string[];
  /** Options that turned out otherwise than asked for (a training that was stopped): with them the same comes out again. */
  readonly performed?: Readonly<Record<string, OptionValue>> | undefined;
  readonly training?: TrainingCurves | undefined;
}

export interface StepKind<Model, Dataset> {
  readonly kind: StepKindName;
  readonly title: string;
  readonly defaultMethod: string;
  readonly methods: readonly MethodSpec[];
  /**
   * @param options checked and completed by the method's specs
   * @throws LatheError with who, what, where and what to try
   */
  run(
    model: Model,
    method: string,
    options: Readonly<Record<string, OptionValue>>,
    targets: Targets,
    context: StepContext<Model, Dataset>,
  ): Promise<StepOutcome<Model>>;
}
