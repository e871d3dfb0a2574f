import { Group, Paper, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icon';
import { showError } from '../../components/toast';

/** Takes a file dropped anywhere on the window. Only the desktop host can tell where it lies; a browser cannot. */
export function DropZone({ onPath }: { onPath: (path: string) => void }) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const drag = (event: DragEvent) => {
      event.preventDefault();
      setOver(event.type === 'dragover');
    };
    const drop = (event: DragEvent) => {
      drag(event);
      const file = event.dataTransfer?.files[0];
      if (file === undefined) return;
      const path = window.lathe?.pathOf(file) ?? '';
      if (path === '') showError(new Error(t('start.dropNoPath', { name: file.name })));
      else onPath(path);
    };
    window.addEventListener('dragover', drag);
    window.addEventListener('dragleave', drag);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', drag);
      window.removeEventListener('dragleave', drag);
      window.removeEventListener('drop', drop);
    };
  }, [onPath, t]);
  if (window.lathe === undefined) return null;
  return (
    <Paper
      p="lg"
      radius="md"
      bd={`1.5px dashed ${over ? 'var(--mantine-primary-color-filled)' : 'var(--mantine-color-default-border)'}`}
      bg={over ? 'var(--lathe-selected)' : undefined}
    >
      <Group justify="center" gap="xs">
        <Icon name="file" size={20} />
        <Text size="sm">{t('start.drop')}</Text>
      </Group>
    </Paper>
  );
}
