/** Rows for operators that are written out in others before they are differentiated. */

import { writePlainForms } from '../../src-main/distil/write-plain-forms';
import type { Attribute } from '../../src-main/onnx/ir';
import type { GradientRow } from './check-gradient';

/** Floats drawn from [low, high). */
export const drawn = (shape: readonly number[], low = -1, high = 1) => ({ shape, low, high });

/** Makes rows that share what is given here. */
export function plainFormRow(shared: Pick<GradientRow, 'domain' | 'opset'> = {}) {
  return (
    op: string,
    title: string,
    inputs: GradientRow['inputs'],
    attrs: Readonly<Record<string, Attribute>> = {},
    more: Partial<GradientRow> = {},
  ): GradientRow => ({ op, title, inputs, attributes: attrs, rewrite: writePlainForms, ...shared, ...more });
}
