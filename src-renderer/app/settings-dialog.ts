/** Whether the settings are shown: the header and the commands open them. */

import { create } from 'zustand';

export const useSettingsDialog = create<{ readonly opened: boolean }>(() => ({ opened: false }));

export const openSettings = () => useSettingsDialog.setState({ opened: true });
export const closeSettings = () => useSettingsDialog.setState({ opened: false });
