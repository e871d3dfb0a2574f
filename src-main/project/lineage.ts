/** A Variant is named by what it is made of, so that the same recipe on the same things is the same Variant. */

import { createHash } from 'node:crypto';
import type { Recipe, Variant } from '../contract';

/** All that the bytes of a Variant follow from. */
export interface Lineage {
  readonly sourceSha256: string;
  /** null: a file made elsewhere. */
  readonly recipe: Recipe | null;
  readonly dataHash: string | null;
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly versions: Variant['versions'];
}

const hashDigits = 12;

/**
 * `static-int8-3fa9c1d20b7e`: a slug for people and the first digits of the lineage's hash.
 * @param fileName of a model that was made elsewhere
 */
export function variantId(lineage: Lineage, fileName = ''): string {
  const { recipe } = lineage;
  return `${slug(recipe === null ? fileName : methodsOf(recipe))}-${contentKey(withoutNames(lineage))}`;
}

/** The first digits of the SHA-256 of a plain JSON value, whatever the order of its keys. */
export function contentKey(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, hashDigits);
}

/** The name that a recipe has or, where it has none, its methods: `magnitude + static-int8`. */
export function recipeName(recipe: Recipe): string {
  return recipe.name?.trim() || methodsOf(recipe);
}

function methodsOf({ steps }: Recipe): string {
  return steps.map((step) => step.method ?? step.kind).join(' + ');
}

/** A file name of `a-z0-9-`, at most 40 characters. */
export function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return plain === '' ? 'variant' : plain;
}

/** What a recipe is called changes no byte of what it makes. */
function withoutNames(lineage: Lineage): Lineage {
  if (lineage.recipe === null) return lineage;
  const { name: _name, ...recipe } = lineage.recipe;
  return { ...lineage, recipe };
}

/** JSON with sorted keys, and without those that are undefined. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${sorted.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`;
}
