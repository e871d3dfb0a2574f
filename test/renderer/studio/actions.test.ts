// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { createProject, forProject, openPath } from '../../../src-renderer/studio/actions';
import { initialStudio, useStudio } from '../../../src-renderer/studio/store';
import { freshProject, project, tradeOff } from '../documents';
import { openFakeStudio } from '../fake-studio';

const never = () => new Promise<never>(() => {});
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('actions', () => {
  it('open a file as a model and a folder as a project', async () => {
    const asked = openFakeStudio(
      { project: null },
      { createProject: () => freshProject, openProject: () => project, watchProject: never },
    );
    await openPath('/models/Net.ONNX');
    expect(useStudio.getState().project).toBe(freshProject);
    await openPath('/projects/animals');
    expect(useStudio.getState().project).toBe(project);
    expect(asked.map(({ name }) => name).filter((name) => name.endsWith('Project'))).toEqual([
      'createProject',
      'watchProject',
      'openProject',
      'watchProject',
    ]);
  });

  it('ask for the trade-off once a baseline is there, and again only when an evaluation came or went', async () => {
    const fewer = { ...project, variants: project.variants.slice(1) };
    const answers = [project, { ...project, jobs: [] }, fewer];
    const asked = openFakeStudio(
      { project: null, tradeOff: null },
      { createProject: () => freshProject, watchProject: never, setMeasure: () => answers.shift() },
    );
    const compares = () => asked.filter(({ name }) => name === 'compare').length;
    await createProject('/models/animals.onnx');
    await settled();
    expect([compares(), useStudio.getState().tradeOff]).toEqual([0, null]);
    await forProject('setMeasure', { threads: 1, batch: 1 });
    await settled();
    expect([compares(), useStudio.getState().tradeOff]).toEqual([1, tradeOff]);
    await forProject('setMeasure', { threads: 1, batch: 1 });
    await settled();
    expect(compares()).toBe(1);
    await forProject('setMeasure', { threads: 1, batch: 1 });
    await settled();
    expect(compares()).toBe(2);
  });

  it('refuse a call for a project while none is open', async () => {
    useStudio.setState(initialStudio);
    await expect(forProject('measureBaseline', {})).rejects.toThrow('No project is open.');
  });
});
