/** Which variant is under the pointer and which is chosen: shared by table, plot, drawer and export. */

import { create } from 'zustand';

export interface Selection {
  readonly hovered: string | null;
  readonly selected: string | null;
}

export const useSelection = create<Selection>(() => ({ hovered: null, selected: null }));

export function hover(id: string | null): void {
  if (useSelection.getState().hovered !== id) useSelection.setState({ hovered: id });
}

export function select(id: string | null): void {
  useSelection.setState({ selected: id });
}

/** What the model's screen looks into, and from which side. */
export interface Subject {
  /** null: the original. */
  readonly variant: string | null;
  readonly tab: 'summary' | 'nodes' | 'kernels' | 'changes';
}

export const useSubject = create<Subject>(() => ({ variant: null, tab: 'summary' }));

export function lookInto(subject: Partial<Subject>): void {
  useSubject.setState(subject);
}
