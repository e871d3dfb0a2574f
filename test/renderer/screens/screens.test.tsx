// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { diffReportSchema, type Evaluation, nodesReportSchema, type ProjectState } from '../../../src-main/contract';
import { setLanguage } from '../../../src-renderer/app/i18n';
import { screens } from '../../../src-renderer/screens';
import { noBudgets, useBudgets } from '../../../src-renderer/screens/compare/budgets';
import { Compare } from '../../../src-renderer/screens/compare/compare';
import { Data } from '../../../src-renderer/screens/data/data';
import { Export } from '../../../src-renderer/screens/export/export';
import { Inspect } from '../../../src-renderer/screens/inspect/inspect';
import { RecipeScreen } from '../../../src-renderer/screens/recipe/recipe';
import { Run } from '../../../src-renderer/screens/run/run';
import { Start } from '../../../src-renderer/screens/start/start';
import { forgetAnswers } from '../../../src-renderer/studio/answers';
import { emptyRecipe, useRecipeDraft } from '../../../src-renderer/studio/recipe-draft';
import { useSelection, useSubject } from '../../../src-renderer/studio/selection';
import { initialStudio } from '../../../src-renderer/studio/store';
import { baseline, figures, freshProject, job, project } from '../documents';
import { openFakeStudio } from '../fake-studio';
import { show } from '../page';

// A canvas is not drawn under jsdom; the plot's option has tests of its own and Chromium draws it in test/screens.
vi.mock('../../../src-renderer/charts/pareto-chart', () => ({
  default: ({ label }: { label: string }) => <div role="img" aria-label={label} />,
}));
vi.mock('../../../src-renderer/charts/cost-chart', () => ({
  default: ({ label }: { label: string }) => <div role="img" aria-label={label} />,
}));

beforeEach(() => {
  useSelection.setState({ hovered: null, selected: null });
  useSubject.setState({ variant: null, tab: 'summary' });
  forgetAnswers();
  useRecipeDraft.setState({ recipe: emptyRecipe, past: [], future: [] });
  useBudgets.setState(noBudgets);
});
const row = (name: RegExp) => screen.getByRole('row', { name });

it('every screen but the first needs a project', () => {
  expect(screens.map((one) => [one.path, one.open(initialStudio)])).toEqual([
    ['start', true],
    ...['inspect', 'data', 'recipe', 'run', 'compare', 'export'].map((path) => [path, false]),
  ]);
});

describe('start', () => {
  it('says what to do, and opens a typed path', async () => {
    const asked = openFakeStudio(
      { project: null },
      { createProject: () => freshProject, watchProject: () => new Promise(() => {}) },
    );
    show(<Start />);
    expect(screen.getByText('Projects that you open are listed here.')).toBeTruthy();
    fireEvent.change(screen.getByLabelText(/Path of an .onnx file/), { target: { value: '/models/animals.onnx' } });
    fireEvent.click(screen.getByRole('button', { name: 'Open' }));
    await waitFor(() => expect(window.location.hash).toBe('#/inspect'));
    expect(asked[0]).toEqual({ name: 'createProject', params: { model: '/models/animals.onnx' } });
  });

  it('shows the sentence of a file that cannot be opened, and stays', async () => {
    window.location.hash = '#/start';
    const refuse = () => Promise.reject(new Error('net.onnx: is not an ONNX file; export it again.'));
    openFakeStudio({ project: null }, { createProject: refuse });
    show(<Start />);
    const field = screen.getByLabelText(/Path of an .onnx file/);
    fireEvent.change(field, { target: { value: 'net.onnx' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(await screen.findByText('net.onnx: is not an ONNX file; export it again.')).toBeTruthy();
    expect(window.location.hash).toBe('#/start');
  });
});

describe('inspect', () => {
  it('shows the report: shapes with names, operators, bytes, warnings with what to do', () => {
    openFakeStudio();
    show(<Inspect />);
    expect(screen.getByText('[batch, 3, 224, 224]')).toBeTruthy();
    expect(screen.getByText(/run the clean step/)).toBeTruthy();
    const operators = within(screen.getByRole('table', { name: 'Operators' })).getAllByRole('row');
    expect(operators[1]?.textContent).toBe('Conv20');
    expect(within(screen.getByRole('list', { name: 'Weights by type' })).getByText('float32')).toBeTruthy();
  });

  it('says so when the file is gone', () => {
    openFakeStudio({ project: { ...project, model: { ...project.model, state: 'missing' } } });
    show(<Inspect />);
    expect(screen.getByRole('alert').textContent).toContain('The model file is gone');
  });
});

describe('inside a model', () => {
  const nodes = nodesReportSchema.parse({
    path: project.model.path,
    dims: {},
    observedOn: '/data/animals',
    macs: 1_500_000,
    parameters: 10,
    weightBytes: 40,
    peak: { bytes: 2000, node: 'conv' },
    values: { inferred: 3, observed: 1, forced: 0, unknown: 0 },
    ops: [{ op: 'Conv', nodes: 1, macs: 1_500_000, parameters: 10, weightBytes: 40, outputBytes: 8 }],
    nodes: [
      {
        name: 'conv',
        within: 'branch › then_branch',
        op: 'Conv',
        output: { name: 'y', type: 'float32', shape: [1, 2], from: 'observed' },
        macs: 1_500_000,
        parameters: 10,
        weightBytes: 40,
        outputBytes: 8,
        liveBytes: 2000,
      },
    ],
    leftOut: 0,
    notes: ['Loop "l" is counted with one round: how often it runs is not constant.'],
  });

  it('shows costs, which shapes were only seen, and what is guessed', async () => {
    const asked = openFakeStudio({}, { nodes: () => nodes });
    show(<Inspect />);
    fireEvent.click(screen.getByRole('tab', { name: 'Nodes' }));
    const table = await screen.findByRole('table', { name: 'Nodes' });
    const shown = within(table).getAllByRole('row')[1]?.textContent;
    expect(shown).toContain('branch › then_branch › conv');
    expect(shown).toContain('seen');
    expect(screen.getByText(/counted with one round/)).toBeTruthy();
    expect(screen.getByText('1 seen in one run')).toBeTruthy();
    expect(asked.find(({ name }) => name === 'nodes')?.params).toMatchObject({ model: project.model.path });
  });

  it('tells replacements, precision and what changed in a node of a variant', async () => {
    const model = { path: 'a.onnx', nodes: 12, parameters: 10, weightBytes: 40 };
    const named = (...ops: string[]) => ops.map((op) => ({ name: op.toLowerCase(), op }));
    const diff = diffReportSchema.parse({
      before: model,
      after: { ...model, nodes: 20, weightBytes: 12 },
      interface: [],
      ops: [{ op: 'MatMul', added: 0, removed: 0, changed: 1 }],
      added: [],
      removed: [],
      replaced: [
        {
          before: named('Sub', 'Pow', 'Div'),
          after: named('LayerNormalization'),
          text: 'Div + Pow + Sub → LayerNormalization',
        },
      ],
      carriers: [{ op: 'QuantizeLinear', removed: 0, added: 9 }],
      matched: 9,
      changed: [
        {
          name: 'product',
          op: 'MatMul',
          changes: [{ of: 'precision', name: '1', before: null, after: 'int8' }],
        },
      ],
      weights: [],
      same: 8,
      leftOut: 0,
    });
    const variantDetails = () => ({ ...project.variants[0], modelPath: 'b.onnx' });
    openFakeStudio({}, { diff: () => diff, variantDetails });
    useSubject.setState({ variant: project.variants[0]?.variant.id ?? '' });
    show(<Inspect />);
    fireEvent.click(screen.getByRole('tab', { name: 'What changed' }));
    const table = await screen.findByRole('table', { name: 'Nodes that changed' });
    const rows = within(table)
      .getAllByRole('row')
      .map(({ textContent }) => textContent);
    expect(rows[1]).toMatch(/Changed.*MatMul.*product.*int8/);
    expect(rows[2]).toMatch(/Replaced.*layernormalization.*Div \+ Pow \+ Sub → LayerNormalization/);
    expect(screen.getByText('9 QuantizeLinear more')).toBeTruthy();
  });

  it('shows how far a profile is, and stops it', async () => {
    openFakeStudio({}, { nodes: () => nodes, profile: () => new Promise(() => {}) });
    show(<Inspect />);
    fireEvent.click(screen.getByRole('tab', { name: 'Nodes' }));
    fireEvent.click(await screen.findByRole('button', { name: 'Measure the time' }));
    fireEvent.click(await screen.findByRole('button', { name: 'Cancel' }));
    expect(await screen.findByRole('button', { name: 'Measure the time' })).toBeTruthy();
  });

  it('shows the sentence of a model that the runtime refuses, and tries again', async () => {
    openFakeStudio({}, { kernels: () => Promise.reject(new Error('net.onnx: no such operator.')) });
    show(<Inspect />);
    fireEvent.click(screen.getByRole('tab', { name: 'What onnxruntime made of it' }));
    expect((await screen.findByRole('alert')).textContent).toContain('net.onnx: no such operator.');
    expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
  });
});

describe('data', () => {
  it('without data promises latency and size only', () => {
    openFakeStudio({ project: freshProject, tradeOff: null });
    show(<Data />);
    expect(screen.getByText(/no quality figure, and methods that calibrate/)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Measure the baseline' })).toBeTruthy();
  });

  it('shows why a folder was refused, beside the field', async () => {
    const refuse = () => Promise.reject(new Error('calib.npz: array "pixels" is missing; it has "x".'));
    openFakeStudio({ project: freshProject }, { setData: refuse });
    show(<Data />);
    fireEvent.change(screen.getByLabelText('Folder'), { target: { value: '/data/wrong' } });
    fireEvent.click(screen.getByRole('button', { name: 'Use' }));
    expect((await screen.findByRole('alert')).textContent).toContain('array "pixels" is missing');
  });

  it('calls out a baseline near chance before anything else', () => {
    const message = 'The accuracy is that of guessing: preprocessing or label order is probably wrong.';
    openFakeStudio({
      project: { ...project, baseline: { ...baseline, warnings: [{ code: 'near-chance', message }] } },
    });
    show(<Data />);
    expect(screen.getByRole('alert').textContent).toContain(message);
  });
});

describe('recipe', () => {
  it('is filled from a preset, mended step by step, and queued', async () => {
    const asked = openFakeStudio();
    show(<RecipeScreen />);
    fireEvent.click(screen.getByRole('button', { name: /Prune half, then int8/ }));
    expect(screen.getByLabelText('Sparsity')).toHaveProperty('value', '0.5');
    fireEvent.change(screen.getByLabelText('Sparsity'), { target: { value: '0.7' } });
    const second = screen.getByRole('group', { name: 'Step 2: Quantize' });
    fireEvent.click(within(second).getByRole('button', { name: 'Move up' }));
    fireEvent.click(screen.getByRole('button', { name: 'Make variant' }));
    await waitFor(() => expect(asked.some(({ name }) => name === 'makeVariant')).toBe(true));
    expect(asked.find(({ name }) => name === 'makeVariant')?.params).toEqual({
      project: project.path,
      recipe: {
        lathe: 1,
        name: 'Prune half, then int8',
        seed: 0,
        steps: [{ kind: 'quantize' }, { kind: 'prune', method: 'magnitude', options: { sparsity: 0.7 } }],
      },
    });
  });

  it('is not queued while the engine has something against it, and says what', async () => {
    const refuse = () =>
      Promise.reject(new Error('steps[0]: option "sparsity" expects a number from 0 to 0.99, got 2'));
    openFakeStudio({}, { checkRecipe: refuse });
    useRecipeDraft.setState({ recipe: { steps: [{ kind: 'prune', options: { sparsity: 2 } }] } });
    show(<RecipeScreen />);
    expect((await screen.findByRole('alert')).textContent).toContain('option "sparsity"');
    expect(screen.getByRole('button', { name: 'Make variant' })).toHaveProperty('disabled', true);
  });

  it('says beforehand that a method needs data', () => {
    openFakeStudio({ project: freshProject });
    useRecipeDraft.setState({ recipe: { steps: [{ kind: 'quantize' }] } });
    show(<RecipeScreen />);
    expect(screen.getByText(/Needs calibration samples/)).toBeTruthy();
  });
});

describe('run', () => {
  it('shows how far a job is and cancels it; a failed one says why and can be tried again', async () => {
    const asked = openFakeStudio();
    show(<Run />);
    const running = screen.getByRole('group', { name: 'Dynamic int8' });
    expect(running.textContent).toContain('Measuring latency · 84 of 200 runs');
    fireEvent.click(within(running).getByRole('button', { name: 'Cancel' }));
    const failed = screen.getByRole('group', { name: 'Prune all' });
    expect(failed.textContent).toContain('check the pattern "nothing*"');
    fireEvent.click(within(failed).getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(asked.map(({ name }) => name)).toEqual(['cancelJob', 'retryJob']));
  });

  // Without a wait: the chart is loaded later, and there is no canvas here.
  it.each([
    ['Pause', 'pause'],
    ['Stop and keep', 'stop'],
  ])('shows what a training tells; "%s" is told on', (button, wish) => {
    const told = {
      step: 40,
      steps: 100,
      epoch: 2,
      epochs: 5,
      loss: 0.123,
      learningRate: 0.001,
      samplesPerSecond: 812,
      secondsLeft: 65,
      best: { validation: 0.21, accuracy: 0.934, epoch: 1 },
      curve: [{ step: 40, loss: 0.123, learningRate: 0.001 }],
      validation: [{ step: 20, loss: 0.21 }],
    };
    const training = { ...job, progress: { phase: 'Training', fraction: 0.4, training: told } };
    const asked = openFakeStudio({ project: { ...project, jobs: [training] } });
    show(<Run />);
    const card = screen.getByRole('group', { name: job.title });
    const text = card.textContent?.replaceAll('\u00a0', ' ');
    expect(text).toContain('Validation loss0.210best, after epoch 1');
    expect(text).toContain('Right answers93.4 %');
    expect(text).toContain('812/s');
    expect(text).toContain('Time left1 min 05 s');
    fireEvent.click(within(card).getByRole('button', { name: button }));
    expect(asked).toMatchObject([{ name: 'steerJob', params: { job: job.id, wish } }]);
  });

  it('has the log of each step: eligible, changed, skipped with the reason', () => {
    const made = { ...job, state: 'done' as const, progress: null, variant: figures[0]?.id ?? null };
    openFakeStudio({ project: { ...project, jobs: [made] } });
    show(<Run />);
    fireEvent.click(screen.getByRole('button', { name: 'Log of each step' }));
    expect(screen.getByText('14 eligible · 12 changed · 2 skipped')).toBeTruthy();
    expect(screen.getByText('its weight is computed at run time')).toBeTruthy();
  });
});

describe('compare', () => {
  it('has every figure of the plot in its table, with intervals, noise and what is slower', () => {
    openFakeStudio();
    show(<Compare />);
    const int8 = row(/Static int8/).textContent?.replaceAll('\u00a0', ' ');
    expect(int8).toContain('97.2 %96.1–98.1 %');
    expect(int8).toContain('−0.11 ptinside noise');
    expect(int8).toContain('2.22×');
    expect(row(/Half precision/).textContent).toContain('slower');
    expect(row(/Half of the weights/).textContent?.replaceAll('\u00a0', ' ')).toContain('−3.21 ptp < 0.001');
  });

  it('dims what is over a budget', () => {
    openFakeStudio();
    show(<Compare />);
    fireEvent.change(screen.getByRole('textbox', { name: 'Quality loss at most' }), { target: { value: '1' } });
    expect(row(/Half of the weights/).style.opacity).toBe('0.45');
    expect(row(/Static int8/).style.opacity).toBe('');
    expect(screen.getByRole('status').textContent).toBe('2 of 3 variants fit');
  });

  it('opens the details of a row: log, classes, lineage; clones its recipe; removes it with a way back', async () => {
    const asked = openFakeStudio();
    show(<Compare />);
    fireEvent.click(row(/Half of the weights/));
    const details = await screen.findByRole('dialog');
    expect(useSelection.getState().selected).toBe(figures[2]?.id);
    fireEvent.click(within(details).getByRole('tab', { name: 'Classes' }));
    expect(within(details).getByRole('table', { name: 'Confusion matrix' })).toBeTruthy();
    fireEvent.click(within(details).getByRole('tab', { name: 'Lineage' }));
    expect(details.textContent).toContain('onnxruntime 1.30.0');
    fireEvent.click(within(details).getByRole('button', { name: 'Clone recipe' }));
    expect(useRecipeDraft.getState().recipe.steps).toEqual(figures[2]?.recipe?.steps);
    fireEvent.click(within(details).getByRole('button', { name: 'Remove' }));
    fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(asked.at(-1)?.name).toBe('restoreVariant'));
  });

  it('sends a project without a baseline to measure one', () => {
    openFakeStudio({ project: freshProject, tradeOff: null });
    show(<Compare />);
    expect(screen.getByRole('button', { name: 'Measure the baseline' })).toBeTruthy();
  });
});

/** The project, its second variant at another speed. */
function withSpeedup(speedup: Evaluation['speedup']): ProjectState {
  const variants = project.variants.map((one) =>
    one.variant.id === figures[1]?.id && one.evaluation !== null
      ? { ...one, evaluation: { ...one.evaluation, speedup } }
      : one,
  );
  return { ...project, variants };
}

describe('export', () => {
  it('says before the export that a variant is slower, and asks where to', async () => {
    const asked = openFakeStudio();
    useSelection.setState({ selected: figures[1]?.id ?? null });
    show(<Export />);
    expect(screen.getByRole('alert').textContent).toContain('Slower than the original');
    expect(screen.getByRole('button', { name: 'Export' })).toHaveProperty('disabled', true);
    fireEvent.change(screen.getByLabelText('Folder'), { target: { value: '/out' } });
    fireEvent.click(screen.getByRole('button', { name: 'Export' }));
    await waitFor(() => expect(asked.at(-1)?.name).toBe('exportVariant'));
    expect(asked.at(-1)?.params).toMatchObject({ to: '/out', externalData: 'auto', variant: figures[1]?.id });
  });

  it.each<[string, NonNullable<Evaluation['speedup']>]>([
    ['faster', { value: 1.4, ci95: [1.3, 1.5], insideNoise: false }],
    ['slower by no more than noise', { value: 0.97, ci95: [0.9, 1.05], insideNoise: true }],
  ])('is silent on speed where a variant is %s', (_, speedup) => {
    openFakeStudio({ project: withSpeedup(speedup) });
    useSelection.setState({ selected: figures[1]?.id ?? null });
    show(<Export />);
    expect(screen.getByText(/× the speed/)).toBeTruthy();
    expect(screen.queryByText('Slower than the original')).toBeNull();
  });

  it('says it in Chinese too, with the figure', async () => {
    await setLanguage('zh');
    try {
      openFakeStudio({ project: withSpeedup({ value: 0.87, ci95: [0.85, 0.9], insideNoise: false }) });
      useSelection.setState({ selected: figures[1]?.id ?? null });
      show(<Export />);
      expect(screen.getByRole('alert').textContent).toMatch(/比原模型慢.*0\.87/);
    } finally {
      await setLanguage('en');
    }
  });

  it('lists the files that were written and the checks that they passed', () => {
    const variant = figures[0]?.id ?? null;
    const output = {
      folder: '/out',
      model: { path: '/out/animals.onnx', bytes: 2_640_000, sha256: 'b'.repeat(64), externalData: [] },
      recipe: '/out/recipe.json',
      reportHtml: '/out/report.html',
      reportJson: '/out/report.json',
      checks: [{ name: 'Loads in onnxruntime', passed: true, detail: '12 ms' }],
    };
    const exported = {
      ...job,
      kind: 'export' as const,
      state: 'done' as const,
      variant,
      output,
      endedAt: job.startedAt,
    };
    openFakeStudio({ project: { ...project, jobs: [exported] } });
    useSelection.setState({ selected: variant });
    show(<Export />);
    expect(screen.getByText('/out/animals.onnx')).toBeTruthy();
    expect(within(screen.getByRole('list', { name: 'Checks' })).getByText(/Loads in onnxruntime/)).toBeTruthy();
  });
});

describe('in Chinese', () => {
  it('a method speaks Chinese where the table knows it, and stays as it came where not', async () => {
    await setLanguage('zh');
    try {
      openFakeStudio();
      useRecipeDraft.setState({ recipe: { steps: [{ kind: 'prune' }, { kind: 'quantize' }] } });
      show(<RecipeScreen />);
      expect(screen.getByRole('group', { name: '步骤 1：剪枝' })).toBeTruthy();
      expect(screen.getByText('稀疏度')).toBeTruthy();
      expect(screen.getByText('Weights and activations in 8 bits, ranges from calibration samples.')).toBeTruthy();
    } finally {
      await setLanguage('en');
    }
  });
});

describe('what was put away', () => {
  it('a removed variant comes back from the bin, a recent project leaves the list', async () => {
    const binned = { ...project, removed: [{ id: 'old-1', name: 'Old one' }] };
    const recents = [{ path: '/projects/gone', name: 'gone', openedAt: '2026-01-02T03:04:05.000Z' }];
    const asked = openFakeStudio({ project: binned, recents }, { forgetRecent: () => ({}) });
    show(<Compare />);
    fireEvent.click(screen.getByRole('button', { name: '1 removed' }));
    fireEvent.click(await screen.findByRole('menuitem', { name: 'Old one' }));
    await waitFor(() =>
      expect(asked).toContainEqual({ name: 'restoreVariant', params: { project: project.path, variant: 'old-1' } }),
    );
    show(<Start />);
    fireEvent.click(screen.getByRole('button', { name: 'Forget gone' }));
    await waitFor(() => expect(asked).toContainEqual({ name: 'forgetRecent', params: { path: '/projects/gone' } }));
  });
});
