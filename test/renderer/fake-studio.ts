/** A studio of documents: answers what a screen asks for with data that its schema accepted, and remembers the calls. */

import type { StudioCalls } from '../../src-main/contract';
import { studioCalls } from '../../src-main/contract';
import type { Client } from '../../src-main/rpc/client';
import { initialStudio, type StudioState, useStudio } from '../../src-renderer/studio/store';
import { methods, presets, project, tradeOff } from './documents';

export interface Asked {
  readonly name: string;
  readonly params: unknown;
}
type Answers = { readonly [Name in keyof StudioCalls]?: (params: never) => unknown };

/** Parameters are checked by the call table, so that a screen cannot ask for what the studio would refuse. */
export function fakeClient(answers: Answers = {}): { client: Client<StudioCalls>; asked: Asked[] } {
  const asked: Asked[] = [];
  const all: Answers = {
    checkRecipe: ({ recipe }: { recipe: unknown }) => recipe,
    compare: () => tradeOff,
    setData: () => project,
    setDims: () => project,
    setMeasure: () => project,
    removeVariant: () => project,
    restoreVariant: () => project,
    renameVariant: () => project,
    variantDetails: ({ variant }: { variant: string }) =>
      project.variants.find((entry) => entry.variant.id === variant),
    baselineDetails: () => project.baseline,
    recents: () => [],
    makeVariant: () => ({ job: 'job-9' }),
    evaluateVariant: () => ({ job: 'job-9' }),
    exportVariant: () => ({ job: 'job-9' }),
    measureBaseline: () => ({ job: 'job-9' }),
    retryJob: () => ({ job: 'job-9' }),
    cancelJob: () => ({}),
    changeSettings: () => ({ theme: 'auto', engineNode: null, measure: { threads: 1, batch: 1 } }),
    browse: () => ({ folder: '/', parent: null, entries: [] }),
    ...answers,
  };
  const client = {
    call: async (name: keyof StudioCalls, params: unknown) => {
      studioCalls[name].params.parse(params);
      asked.push({ name, params });
      const answer = all[name];
      if (answer === undefined) throw new Error(`The test has no answer for "${name}".`);
      return answer(params as never);
    },
    close: () => {},
  };
  return { client: client as unknown as Client<StudioCalls>, asked };
}

/** Shows the documents as a connected studio with an open project. */
export function openFakeStudio(state: Partial<StudioState> = {}, answers: Answers = {}): Asked[] {
  const { client, asked } = fakeClient(answers);
  useStudio.setState({ ...initialStudio, connection: 'open', client, methods, presets, project, tradeOff, ...state });
  return asked;
}
