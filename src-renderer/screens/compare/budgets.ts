/** What a variant may cost. A row that passes a limit is dimmed, never hidden. */

import { create } from 'zustand';
import type { CompareRow } from './rows';

export interface Budgets {
  /** Megabytes of the file, 10⁶ bytes each. */
  readonly megabytes: number | null;
  /** Milliseconds of the median latency. */
  readonly milliseconds: number | null;
  /** Percentage points of quality that may be lost against the baseline; for a metric that is no share, its own unit. */
  readonly loss: number | null;
}
export type BudgetName = keyof Budgets;

export const noBudgets: Budgets = { megabytes: null, milliseconds: null, loss: null };
export const useBudgets = create<Budgets>(() => noBudgets);

/** The limits that a row passes; empty: it fits. */
export function overBudget(row: CompareRow, budgets: Budgets): BudgetName[] {
  const over: BudgetName[] = [];
  if (budgets.megabytes !== null && row.evaluation.bytes > budgets.megabytes * 1e6) over.push('megabytes');
  if (budgets.milliseconds !== null && row.latencyMs > budgets.milliseconds) over.push('milliseconds');
  if (budgets.loss !== null && losesMoreThan(row, budgets.loss)) over.push('loss');
  return over;
}

function losesMoreThan(row: CompareRow, limit: number): boolean {
  const { quality } = row;
  if (quality?.difference == null) return false;
  const sign = quality.better === 'high' ? -1 : 1;
  const scale = quality.unit === 'share' ? 100 : 1;
  return sign * quality.difference.value * scale > limit;
}

export function anyBudget(budgets: Budgets): boolean {
  return Object.values(budgets).some((limit) => limit !== null);
}
