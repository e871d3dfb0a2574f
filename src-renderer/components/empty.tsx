import { Center, Stack, Text, ThemeIcon } from '@mantine/core';
import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon';

/** Nothing here yet: one line that says why, and the way on. */
export function Empty({ icon, text, children }: { icon: IconName; text: string; children?: ReactNode }) {
  return (
    <Center py="md">
      <Stack align="center" gap="sm" maw={480}>
        <ThemeIcon variant="light" color="gray" size="lg" radius="xl">
          <Icon name={icon} />
        </ThemeIcon>
        <Text size="sm" c="dimmed" ta="center">
          {text}
        </Text>
        {children}
      </Stack>
    </Center>
  );
}
