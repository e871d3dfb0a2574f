// @vitest-environment jsdom
import { act, fireEvent, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Settings as SettingsDocument } from '../../../src-main/contract';
import { Settings } from '../../../src-renderer/app/settings';
import { closeSettings, openSettings } from '../../../src-renderer/app/settings-dialog';
import { openFakeStudio } from '../fake-studio';
import { show } from '../page';

const settings: SettingsDocument = { theme: 'auto', engineNode: null, measure: { threads: 1, batch: 1 } };

beforeEach(() => act(closeSettings));

describe('settings', () => {
  it('changes the conditions of new projects when a field is left', async () => {
    const asked = openFakeStudio({ settings });
    show(<Settings />);
    act(openSettings);
    const threads = await screen.findByLabelText('Threads');
    fireEvent.change(threads, { target: { value: '4' } });
    fireEvent.blur(threads);
    await screen.findByDisplayValue('4');
    expect(asked).toContainEqual({ name: 'changeSettings', params: { measure: { threads: 4, batch: 1 } } });
  });

  it('shows why a Node is refused, beside its field', async () => {
    const refuse = () => Promise.reject(new Error('engine: could not be started; check the path.'));
    openFakeStudio({ settings }, { changeSettings: refuse });
    show(<Settings />);
    act(openSettings);
    fireEvent.change(await screen.findByLabelText('Node that runs the engine'), { target: { value: '/no/node' } });
    fireEvent.click(screen.getByRole('button', { name: 'Use' }));
    expect(await screen.findByText('engine: could not be started; check the path.')).toBeTruthy();
  });
});
