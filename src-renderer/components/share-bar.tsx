import { ColorSwatch, Flex, Group, Progress, Stack, Text } from '@mantine/core';

export interface Part {
  readonly name: string;
  readonly size: number;
  readonly text: string;
  readonly color: string;
}

/** One bar in parts, with each part named and given in figures under it. */
export function ShareBar({ parts, label }: { parts: readonly Part[]; label: string }) {
  const whole = parts.reduce((sum, part) => sum + part.size, 0);
  return (
    <Stack gap={6}>
      <Progress.Root size={10} aria-hidden="true">
        {parts.map((part) => (
          <Progress.Section
            key={part.name}
            value={whole === 0 ? 0 : (part.size / whole) * 100}
            color={part.color}
            withAria={false}
          />
        ))}
      </Progress.Root>
      <Flex component="ul" aria-label={label} gap="md" rowGap={2} wrap="wrap" p={0} m={0} style={{ listStyle: 'none' }}>
        {parts.map((part) => (
          <Group component="li" key={part.name} gap={6} wrap="nowrap">
            <ColorSwatch color={part.color} size={10} withShadow={false} aria-hidden="true" />
            <Text size="xs">{part.name}</Text>
            <Text size="xs" c="dimmed" className="figures">
              {part.text}
            </Text>
          </Group>
        ))}
      </Flex>
    </Stack>
  );
}
