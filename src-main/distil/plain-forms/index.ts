/** @file Operators that are written out in plain ones before they are differentiated, by domain and name. */

import { Attention as standardAttention, RotaryEmbedding as standardRotaryEmbedding } from './attention';
import * as fused from './fused';
import { Attention, GroupQueryAttention, MultiHeadAttention, RotaryEmbedding } from './fused-attention';
import * as normalization from './normalization';
import type { PlainForm } from './plain-form';
import * as sampling from './sampling';

export type { PlainForm, Site } from './plain-form';

export const plainForms: Readonly<Record<string, PlainForm>> = {
  Attention: standardAttention,
  RotaryEmbedding: standardRotaryEmbedding,
  ...normalization,
  ...sampling,
  'com.microsoft.GridSample': sampling.GridSample,
  ...Object.fromEntries(
    Object.entries({ ...fused, Attention, GroupQueryAttention, MultiHeadAttention, RotaryEmbedding }).map(
      ([op, form]) => [`com.microsoft.${op}`, form],
    ),
  ),
};
