import { useEffect, useState } from 'react';
import type { ProjectState } from '../../../src-main/contract';
import { forProject } from '../../studio/actions';
import { useSubject } from '../../studio/selection';
import { useProject } from '../../studio/store';

/** The model that is looked into: the original, or one of its variants. */
export interface Subject {
  readonly variant: ProjectState['variants'][number]['variant'] | null;
  /** null while it is asked for. */
  readonly path: string | null;
}

export function useSubjectModel(): Subject {
  const { model, variants } = useProject();
  const id = useSubject((state) => state.variant);
  const variant = variants.find((entry) => entry.variant.id === id)?.variant ?? null;
  const [found, setFound] = useState<{ readonly id: string; readonly path: string } | null>(null);
  const wanted = variant?.id ?? null;
  useEffect(() => {
    let current = true;
    if (wanted !== null)
      forProject('variantDetails', { variant: wanted }).then(
        ({ modelPath }) => current && setFound({ id: wanted, path: modelPath }),
        (error: unknown) => console.warn('The variant could not be found.', error),
      );
    return () => {
      current = false;
    };
  }, [wanted]);
  if (wanted === null) return { variant: null, path: model.path };
  return { variant, path: found?.id === wanted ? found.path : null };
}

/** What a call about the subject is asked with: the sizes, data and conditions of the project. */
export function useConditions(): Pick<ProjectState, 'dims' | 'measure'> & { readonly data: string | null } {
  const { dims, measure, data } = useProject();
  return { dims, measure, data: data?.path ?? null };
}
