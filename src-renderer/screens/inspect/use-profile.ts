import { useCallback, useMemo } from 'react';
import { type Answer, ask, useAnswer } from '../../studio/answers';
import { useConditions } from './subject';

export interface Profile {
  readonly answer: Answer<'profile'>;
  readonly measure: () => void;
}

/** Times of the kernels under the project's conditions; measured when asked for, once for all tabs. */
export function useProfile(path: string): Profile {
  const { dims, data, measure } = useConditions();
  const { threads, batch } = measure;
  const params = useMemo(() => ({ model: path, dims, data, threads, batch }), [path, dims, data, threads, batch]);
  return { answer: useAnswer('profile', params), measure: useCallback(() => ask('profile', params), [params]) };
}
