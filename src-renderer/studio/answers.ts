/**
 * Long answers about models, asked for once and kept while the page lives: leaving a screen neither loses nor repeats
 * them, and what runs can be cancelled from wherever it is shown.
 */

import { useCallback, useEffect } from 'react';
import { create } from 'zustand';
import type { ParamsOf, Progress, ResultOf, StudioCalls } from '../../src-main/contract';
import { client } from './store';

/** The calls whose answers are kept. */
export type KeptCall = 'nodes' | 'kernels' | 'profile' | 'diff';

export type Answer<Name extends KeptCall> =
  | { readonly state: 'none' }
  | { readonly state: 'running'; readonly progress: Progress | null; readonly cancel: () => void }
  | { readonly state: 'failed'; readonly sentence: string }
  | { readonly state: 'done'; readonly result: ResultOf<StudioCalls, Name> };

const none = { state: 'none' } as const;
const useAnswers = create<{ readonly [key: string]: Answer<KeptCall> }>(() => ({}));

const keyOf = (name: KeptCall, params: unknown): string => JSON.stringify([name, params]);

/** What is known of the answer to just these parameters; `none` where there are none to ask with. */
export function useAnswer<Name extends KeptCall>(name: Name, params: ParamsOf<StudioCalls, Name> | null): Answer<Name> {
  const key = params === null ? null : keyOf(name, params);
  return useAnswers((answers) => (key === null ? none : (answers[key] ?? none))) as Answer<Name>;
}

/** Asks unless it is known or under way; a failed or cancelled question is asked again. */
export function ask<Name extends KeptCall>(name: Name, params: ParamsOf<StudioCalls, Name>): void {
  const key = keyOf(name, params);
  const known = useAnswers.getState()[key]?.state;
  if (known === 'running' || known === 'done') return;
  const controller = new AbortController();
  const show = (answer: Answer<KeptCall>): void => useAnswers.setState({ [key]: answer });
  const cancel = (): void => {
    controller.abort();
    show(none);
  };
  const running = (progress: Progress | null) => ({ state: 'running', progress, cancel }) as const;
  show(running(null));
  const isCurrent = (): boolean => !controller.signal.aborted;
  client()
    .call(name, params, {
      signal: controller.signal,
      progress: (progress) => isCurrent() && show(running(progress as Progress)),
    })
    .then(
      (result) => isCurrent() && show({ state: 'done', result } as Answer<KeptCall>),
      (thrown: unknown) =>
        isCurrent() && show({ state: 'failed', sentence: thrown instanceof Error ? thrown.message : String(thrown) }),
    );
}

/**
 * The answer to a question that is asked as soon as it is shown, and how to ask again.
 * @param params the same object until they change
 */
export function useAsked<Name extends KeptCall>(
  name: Name,
  params: ParamsOf<StudioCalls, Name>,
): { readonly answer: Answer<Name>; readonly onAsk: () => void } {
  const onAsk = useCallback(() => ask(name, params), [name, params]);
  useEffect(onAsk, [onAsk]);
  return { answer: useAnswer(name, params), onAsk };
}

/** Lets go of every answer: another project, other files. */
export function forgetAnswers(): void {
  for (const answer of Object.values(useAnswers.getState())) if (answer.state === 'running') answer.cancel();
  useAnswers.setState({}, true);
}
