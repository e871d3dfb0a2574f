import { describe, expect, it } from 'vitest';
import { checkRecipe } from '../../../src-main/recipe';

const prune = (step: object) => ({ steps: [{ kind: 'prune', ...step }] });

describe('checkRecipe', () => {
  it('writes out every default', () => {
    expect(checkRecipe({ steps: [{ kind: 'prune' }] })).toEqual({
      lathe: 1,
      name: 'magnitude',
      seed: 0,
      steps: [
        {
          kind: 'prune',
          method: 'magnitude',
          options: { sparsity: 0.5, scope: 'global', minElements: 256 },
          targets: {},
        },
      ],
    });
  });

  it('keeps what is given, and a checked recipe passes again unchanged', () => {
    const given = {
      lathe: 1,
      name: 'mine',
      seed: 7,
      steps: [{ kind: 'prune', method: 'magnitude', options: { sparsity: 0.9 }, targets: { exclude: ['head*'] } }],
    };
    const checked = checkRecipe(given);
    expect(checked).toMatchObject(given);
    expect(checkRecipe(checked)).toEqual(checked);
  });

  it.each([
    [{ ...prune({}), sped: 1 }, /recipe: .*"sped"/],
    [prune({ optoins: {} }), /steps\[0\].*"optoins"/],
    [{ steps: [] }, /recipe: field steps: /],
    [{}, /recipe: field steps: /],
    [{ steps: [{ kind: 'shrink' }] }, /field steps\[0\]\.kind: /],
    [prune({ method: 'magic' }), /field steps\[0\]\.method: prune has no method "magic"; it knows magnitude/],
    [
      prune({ options: { sparsity: 2 } }),
      'recipe: field steps[0].options.sparsity: expects a number from 0 to 1, got 2',
    ],
    [
      prune({ options: { sparsity: '0.5' } }),
      'recipe: field steps[0].options.sparsity: expects a number from 0 to 1, got "0.5"',
    ],
    [
      prune({ options: { scope: 'node' } }),
      'recipe: field steps[0].options.scope: expects one of global, layer, got "node"',
    ],
    [
      prune({ options: { sparsty: 0.5 } }),
      'recipe: field steps[0].options.sparsty: is not an option of this method; it knows sparsity, scope, minElements',
    ],
    [prune({ targets: { only: [] } }), /steps\[0\]\.targets.*"only"/],
    [{ ...prune({}), seed: -1 }, /field seed: /],
    [{ ...prune({}), lathe: 2 }, /field lathe: /],
    [null, /recipe: /],
  ])('names the field that does not fit: %j', (recipe, message) => {
    expect(() => checkRecipe(recipe)).toThrow(message);
  });
});
