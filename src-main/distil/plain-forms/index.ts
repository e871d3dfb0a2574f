/** @file Operators that are written out in plain ones before they are differentiated: the families' exported functions. */

import * as attention from './attention';
import * as fused from './fused';
import * as fusedAttention from './fused-attention';
import * as normalization from './normalization';
import type { PlainForm } from './plain-form';
import * as sampling from './sampling';

export type { PlainForm, Site } from './plain-form';

/** Exports that begin with a capital are operators; the others are helpers of the family. */
function formsOf(family: Readonly<Record<string, unknown>>, domain = ''): Readonly<Record<string, PlainForm>> {
  return Object.fromEntries(
    Object.entries(family)
      .filter((entry): entry is [string, PlainForm] => /^[A-Z]/.test(entry[0]) && typeof entry[1] === 'function')
      .map(([op, form]) => [domain === '' ? op : `${domain}.${op}`, form]),
  );
}

const own = 'com.microsoft';

/** File of the family → operators by domain and name. */
export const plainFormFamilies: Readonly<Record<string, Readonly<Record<string, PlainForm>>>> = {
  attention: formsOf(attention),
  'fused-attention': formsOf(fusedAttention, own),
  fused: formsOf(fused, own),
  normalization: formsOf(normalization),
  sampling: { ...formsOf(sampling), ...formsOf({ GridSample: sampling.GridSample }, own) },
};

export const plainForms: Readonly<Record<string, PlainForm>> = Object.assign({}, ...Object.values(plainFormFamilies));
