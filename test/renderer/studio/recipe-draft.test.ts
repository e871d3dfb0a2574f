import { beforeEach, describe, expect, it } from 'vitest';
import {
  addStep,
  edit,
  emptyRecipe,
  methodOf,
  moveStep,
  redo,
  removeStep,
  replaceStep,
  stepLine,
  undo,
  useRecipeDraft,
} from '../../../src-renderer/studio/recipe-draft';
import { methods } from '../documents';

const draft = () => useRecipeDraft.getState();
beforeEach(() => useRecipeDraft.setState({ recipe: emptyRecipe, past: [], future: [] }));

describe('the draft', () => {
  it('goes back and forth through its edits, and forgets the way forth on a new one', () => {
    const one = addStep(emptyRecipe, 'quantize', methods);
    const two = addStep(one, 'prune', methods);
    edit(one);
    edit(two);
    undo();
    expect(draft().recipe).toEqual(one);
    redo();
    expect(draft().recipe).toEqual(two);
    undo();
    edit(addStep(one, 'clean', methods));
    expect(draft().future).toEqual([]);
    undo();
    undo();
    undo();
    expect(draft().recipe).toEqual(emptyRecipe);
  });

  it('takes keystrokes of one field as one edit, and an edit that changes nothing as none', () => {
    edit({ ...emptyRecipe, name: 'a' });
    edit({ ...emptyRecipe, name: 'ab' }, true);
    edit({ ...emptyRecipe, name: 'ab' });
    expect(draft().past).toHaveLength(1);
    undo();
    expect(draft().recipe.name).toBe('');
  });
});

describe('its steps', () => {
  const two = addStep(addStep(emptyRecipe, 'prune', methods), 'quantize', methods);

  it('begin with the default method of their kind', () => {
    expect(two.steps).toEqual([
      { kind: 'prune', method: 'magnitude' },
      { kind: 'quantize', method: 'static-int8' },
    ]);
    expect(methodOf({ kind: 'quantize' }, methods)?.name).toBe('static-int8');
    expect(stepLine(two, methods)).toBe('magnitude → static-int8');
  });

  it('are moved, replaced and removed by their place', () => {
    expect(moveStep(two, 1, 0).steps.map((step) => step.kind)).toEqual(['quantize', 'prune']);
    expect(moveStep(two, 0, -1)).toBe(two);
    expect(replaceStep(two, 1, { kind: 'clean' }).steps[1]).toEqual({ kind: 'clean' });
    expect(removeStep(two, 0).steps).toEqual([{ kind: 'quantize', method: 'static-int8' }]);
  });
});
