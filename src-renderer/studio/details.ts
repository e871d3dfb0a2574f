import { useEffect, useState } from 'react';
import type { ProjectState } from '../../src-main/contract';
import { forProject } from './actions';

export type Details = Partial<ProjectState['variants'][number]>;

/**
 * The state of a project leaves out large confusion matrices, long lists and curves; here they are asked for.
 * @param variant its id; null: the original
 * @param told what came with the state: where that changes they are asked for again
 * @returns null until they are there
 */
export function useDetails(variant: string | null, told: unknown): Details | null {
  const [details, setDetails] = useState<Details | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `told` stands for all that may have changed
  useEffect(() => {
    let current = true;
    const ask: Promise<Details> =
      variant === null
        ? forProject('baselineDetails', {}).then((evaluation) => ({ evaluation }))
        : forProject('variantDetails', { variant });
    ask.then(
      (answer) => current && setDetails(answer),
      (error: unknown) => console.warn('The details could not be read.', error),
    );
    return () => {
      current = false;
    };
  }, [variant, told]);
  return details;
}
