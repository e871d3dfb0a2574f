import { MantineProvider, useMantineColorScheme } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { useEffect } from 'react';
import { useStudio } from '../studio/store';
import { JobNews } from './job-news';
import { OpenedFromOutside } from './opened-from-outside';
import { Shell } from './shell';
import { cssVariables, theme } from './theme';

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" limit={4} />
      <ThemeOfSettings />
      <OpenedFromOutside />
      <JobNews />
      <Shell />
    </MantineProvider>
  );
}

/** What the browser remembered is painted first; what the studio remembers has the last word. */
function ThemeOfSettings() {
  const theme = useStudio((state) => state.settings?.theme);
  const { setColorScheme } = useMantineColorScheme();
  useEffect(() => {
    if (theme !== undefined) setColorScheme(theme);
  }, [theme, setColorScheme]);
  return null;
}
