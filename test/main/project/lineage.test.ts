import { describe, expect, it } from 'vitest';
import { contentKey, type Lineage, recipeName, slug, variantId } from '../../../src-main/project/lineage';

const lineage: Lineage = {
  sourceSha256: 'a'.repeat(64),
  recipe: {
    name: 'Small',
    steps: [{ kind: 'quantize', method: 'static-int8', options: { granularity: 'per-channel' } }],
  },
  dataHash: 'b'.repeat(64),
  dims: { sequence: 128, batch: 1 },
  seed: 0,
  versions: { lathe: '0.1.0', onnxruntime: '1.30.0', host: 'Node 20.20.2 linux x64', cpu: 'a CPU' },
};
const hashOf = (changes: Partial<Lineage>) => variantId({ ...lineage, ...changes });

describe('variantId', () => {
  it('is a slug and twelve digits', () => {
    expect(variantId(lineage)).toMatch(/^static-int8-[0-9a-f]{12}$/);
    expect(variantId({ ...lineage, recipe: null }, 'My net (2)')).toMatch(/^my-net-2-[0-9a-f]{12}$/);
  });

  it('does not depend on the order of keys or on what the recipe is called', () => {
    const renamed = { ...lineage.recipe, steps: lineage.recipe?.steps ?? [], name: 'Other' };
    expect(hashOf({ dims: { batch: 1, sequence: 128 }, recipe: renamed })).toBe(hashOf({}));
  });

  it.each<[string, Partial<Lineage>]>([
    ['model', { sourceSha256: 'c'.repeat(64) }],
    ['data', { dataHash: null }],
    ['dims', { dims: { sequence: 64, batch: 1 } }],
    ['seed', { seed: 1 }],
    ['runtime', { versions: { ...lineage.versions, onnxruntime: '1.31.0' } }],
    ['recipe', { recipe: { steps: [{ kind: 'quantize', method: 'fp16' }] } }],
  ])('changes with the %s', (_what, changes) => {
    expect(hashOf(changes)).not.toBe(hashOf({}));
  });
});

describe('names', () => {
  it('are safe as folder names', () => {
    expect(slug('../..')).toBe('variant');
    expect(slug('Größe α 7')).toBe('gro-e-7');
    expect(slug('x'.repeat(100))).toHaveLength(40);
  });

  it('of a recipe without one are its methods', () => {
    const steps = [{ kind: 'prune' as const, method: 'magnitude' }, { kind: 'quantize' as const }];
    expect(recipeName({ steps })).toBe('magnitude + quantize');
  });

  it('tell an absent field from null nowhere', () => {
    expect(contentKey({ a: undefined, b: [1, { d: 1, c: 2 }] })).toBe(contentKey({ b: [1, { c: 2, d: 1 }] }));
  });
});
