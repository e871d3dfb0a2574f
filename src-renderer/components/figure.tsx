import { Box, Flex, Text, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';

export interface FigureProps {
  readonly label: string;
  readonly value: ReactNode;
  /** Smaller, beside or below: an interval, a condition. */
  readonly note?: ReactNode;
  readonly help?: string | undefined;
}

/** One figure with its name. */
export function Figure({ label, value, note, help }: FigureProps) {
  const name = (
    <Text component="dt" size="xs" c="dimmed" td={help === undefined ? undefined : 'underline dotted'} w="fit-content">
      {label}
    </Text>
  );
  return (
    <Box miw={96}>
      {help === undefined ? (
        name
      ) : (
        <Tooltip label={help} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
          {name}
        </Tooltip>
      )}
      <Text component="dd" m={0} fw={600} className="figures">
        {value}
      </Text>
      {note !== undefined && (
        <Text component="dd" m={0} size="xs" c="dimmed" className="figures">
          {note}
        </Text>
      )}
    </Box>
  );
}

/** Figures in a row that wraps. */
export function Figures({ children }: { children: ReactNode }) {
  return (
    <Flex component="dl" gap="xl" rowGap="sm" m={0} align="flex-start" wrap="wrap">
      {children}
    </Flex>
  );
}
