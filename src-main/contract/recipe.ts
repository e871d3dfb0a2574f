/** A Recipe: an ordered list of Steps, plain JSON; the same file runs from screen and shell. */

import { z } from 'zod';
import { trainingCurvesSchema } from './work';

export const stepKinds = ['clean', 'prune', 'quantize', 'distil'] as const;
export type StepKindName = (typeof stepKinds)[number];

/** Which nodes a Step may touch. Patterns match node names with `*` and `?`; empty = all. */
export const targetsSchema = z.strictObject({
  include: z.array(z.string()).optional(),
  exclude: z.array(z.string()).optional(),
  /** ONNX operator types, e.g. `["Conv", "Gemm"]`. */
  ops: z.array(z.string()).optional(),
});
export type Targets = z.infer<typeof targetsSchema>;

export const stepSchema = z.strictObject({
  kind: z.enum(stepKinds),
  /** The kind's default method where none is named. */
  method: z.string().optional(),
  options: z.record(z.string(), z.unknown()).optional(),
  targets: targetsSchema.optional(),
});
export type Step = z.infer<typeof stepSchema>;

export const recipeSchema = z.strictObject({
  /** Version of the recipe format. */
  lathe: z.literal(1).optional(),
  name: z.string().optional(),
  seed: z.number().int().min(0).max(0xffffffff).optional(),
  steps: z.array(stepSchema).min(1),
});
export type Recipe = z.infer<typeof recipeSchema>;

/** What one Step did. `changed` 0 is a failure for every kind but `clean`. */
export const stepLogSchema = z.object({
  kind: z.enum(stepKinds),
  method: z.string(),
  options: z.record(z.string(), z.unknown()),
  eligible: z.number().int(),
  changed: z.number().int(),
  skipped: z.array(z.object({ node: z.string(), reason: z.string() })),
  notes: z.array(z.string()),
  seconds: z.number(),
  /** Only of a step that trains; a project's state leaves it out. */
  training: trainingCurvesSchema.optional(),
});
export type StepLog = z.infer<typeof stepLogSchema>;
