import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Icon } from './icon';

/** The sentence of whatever was thrown. A cancelled call says nothing: the person knows. */
export function showError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (isCancelled(error)) return;
  notifications.show({
    color: 'red',
    icon: <Icon name="warning" />,
    message,
    autoClose: 12_000,
    role: 'alert',
  });
}

export function showDone(message: string): void {
  notifications.show({ color: 'teal', icon: <Icon name="check" />, message, autoClose: 5_000, role: 'status' });
}

/** Something was taken away and can be brought back. */
export function showUndo(message: string, label: string, undo: () => void): void {
  const id = notifications.show({
    color: 'gray',
    role: 'status',
    autoClose: 10_000,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            notifications.hide(id);
            undo();
          }}
        >
          {label}
        </Button>
      </Group>
    ),
  });
}

function isCancelled(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'cancelled';
}
