// @vitest-environment jsdom
import { act, renderHook, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { ask, forgetAnswers, useAnswer } from '../../../src-renderer/studio/answers';
import { openFakeStudio } from '../fake-studio';

const params = { model: '/models/net.onnx' };
const report = { path: params.model };

beforeEach(() => act(() => forgetAnswers()));

describe('answers', () => {
  it('are asked for once and kept', async () => {
    const asked = openFakeStudio({}, { kernels: () => report });
    const { result } = renderHook(() => useAnswer('kernels', params));
    expect(result.current.state).toBe('none');
    act(() => ask('kernels', params));
    act(() => ask('kernels', params));
    await waitFor(() => expect(result.current).toEqual({ state: 'done', result: report }));
    act(() => ask('kernels', params));
    expect(asked.filter(({ name }) => name === 'kernels')).toHaveLength(1);
    act(() => forgetAnswers());
    expect(result.current.state).toBe('none');
  });

  it('tell why there is none, and can be asked again', async () => {
    let fails = true;
    openFakeStudio({}, { kernels: () => (fails ? Promise.reject(new Error('net.onnx: gone.')) : report) });
    const { result } = renderHook(() => useAnswer('kernels', params));
    act(() => ask('kernels', params));
    await waitFor(() => expect(result.current).toEqual({ state: 'failed', sentence: 'net.onnx: gone.' }));
    fails = false;
    act(() => ask('kernels', params));
    await waitFor(() => expect(result.current.state).toBe('done'));
  });

  it('that are cancelled leave nothing behind, even when they come after all', async () => {
    let answer: (value: unknown) => void = () => {};
    openFakeStudio({}, { kernels: () => new Promise((resolve) => (answer = resolve)) });
    const { result } = renderHook(() => useAnswer('kernels', params));
    act(() => ask('kernels', params));
    const running = result.current;
    if (running.state !== 'running') throw new Error('it is under way');
    act(() => running.cancel());
    expect(result.current.state).toBe('none');
    await act(async () => answer(report));
    expect(result.current.state).toBe('none');
  });
});
