import { Box, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export interface PageProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A screen's frame: heading, one line on what it is for, its main actions, its panels. */
export function Page({ title, lead, actions, children }: PageProps) {
  return (
    <Stack gap="md" p="lg" maw={1680} mx="auto">
      <Group justify="space-between" align="flex-end" gap="md">
        <Box maw={820}>
          <Title order={1} size="h3">
            {title}
          </Title>
          {lead !== undefined && (
            <Text c="dimmed" size="sm">
              {lead}
            </Text>
          )}
        </Box>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
