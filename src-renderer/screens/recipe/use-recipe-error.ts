import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { Recipe } from '../../../src-main/contract';
import type { DraftRecipe } from '../../studio/recipe-draft';
import { client } from '../../studio/store';

/** A draft as it is sent: no empty name. */
export function toRecipe(draft: DraftRecipe): Recipe {
  const { lathe, name, seed, steps } = draft;
  const given = name?.trim() ?? '';
  return {
    ...(lathe === undefined ? {} : { lathe }),
    ...(given === '' ? {} : { name: given }),
    ...(seed === undefined ? {} : { seed }),
    steps: [...steps],
  };
}

/** What the engine says against the draft, in one sentence; null where it would run. */
export function useRecipeError(draft: DraftRecipe): string | null {
  const [settled] = useDebouncedValue(draft, 250);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    if (settled.steps.length === 0) {
      setError(null);
      return;
    }
    const controller = new AbortController();
    client()
      .call('checkRecipe', { recipe: toRecipe(settled) }, { signal: controller.signal })
      .then(
        () => !controller.signal.aborted && setError(null),
        (thrown: unknown) =>
          !controller.signal.aborted && setError(thrown instanceof Error ? thrown.message : String(thrown)),
      );
    return () => controller.abort();
  }, [settled]);
  return error;
}
