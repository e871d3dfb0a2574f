/** What a job was asked to do, as plain data: it goes into the project's events, so that any job can be tried again. */

import { z } from 'zod';
import { type Job, type Recipe, recipeSchema, type Variant } from '../contract';
import { recipeName } from '../project/lineage';

export const jobRequestSchema = z.discriminatedUnion('call', [
  z.object({ call: z.literal('measureBaseline') }),
  z.object({ call: z.literal('makeVariant'), recipe: recipeSchema, evaluate: z.boolean() }),
  z.object({ call: z.literal('addVariant'), model: z.string(), name: z.string().nullable() }),
  z.object({ call: z.literal('evaluateVariant'), variant: z.string() }),
  z.object({
    call: z.literal('exportVariant'),
    variant: z.string(),
    to: z.string(),
    externalData: z.enum(['auto', 'always']),
  }),
]);
export type JobRequest = z.infer<typeof jobRequestSchema>;

interface JobLabel {
  readonly kind: Job['kind'];
  readonly title: string;
  readonly recipe?: Recipe;
  readonly variant?: string;
}

/** How a job is shown. @param variantOf finds a variant, or throws where it is gone */
export function labelJob(request: JobRequest, variantOf: (id: string) => Variant): JobLabel {
  switch (request.call) {
    case 'measureBaseline':
      return { kind: 'baseline', title: 'Measure the original' };
    case 'makeVariant':
      return { kind: 'variant', title: recipeName(request.recipe), recipe: request.recipe };
    case 'addVariant':
      return { kind: 'add', title: `Add ${request.name ?? request.model}` };
    case 'evaluateVariant':
      return { kind: 'evaluate', title: `Measure ${variantOf(request.variant).name}`, variant: request.variant };
    case 'exportVariant':
      return { kind: 'export', title: `Export ${variantOf(request.variant).name}`, variant: request.variant };
  }
}
