/** What the page knows of the studio. Filled by calls, read by hooks; nothing here is computed from figures. */

import { create } from 'zustand';
import type {
  MethodList,
  Preset,
  ProjectState,
  ResultOf,
  Settings,
  StudioCalls,
  TradeOff,
} from '../../src-main/contract';
import type { Client } from '../../src-main/rpc/client';

export type About = ResultOf<StudioCalls, 'about'>;
export type Recents = ResultOf<StudioCalls, 'recents'>;

export interface StudioState {
  readonly connection: 'connecting' | 'open' | 'lost';
  readonly client: Client<StudioCalls> | null;
  readonly about: About | null;
  readonly settings: Settings | null;
  readonly recents: Recents;
  readonly methods: MethodList;
  readonly presets: readonly Preset[];
  readonly project: ProjectState | null;
  readonly tradeOff: TradeOff | null;
}

export const initialStudio: StudioState = {
  connection: 'connecting',
  client: null,
  about: null,
  settings: null,
  recents: [],
  methods: [],
  presets: [],
  project: null,
  tradeOff: null,
};

export const useStudio = create<StudioState>(() => initialStudio);

/** The open project; for screens that are reachable only while there is one. */
export function useProject(): ProjectState {
  const project = useStudio((state) => state.project);
  if (project === null) throw new Error('This screen needs an open project.');
  return project;
}

export function client(): Client<StudioCalls> {
  const found = useStudio.getState().client;
  if (found === null) throw new Error('The studio is not connected.');
  return found;
}
