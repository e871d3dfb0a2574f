import { Button, Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icon';
import { useAction } from '../../components/use-action';
import { forProject } from '../../studio/actions';
import { useProject } from '../../studio/store';

/** The project's bin: what was removed, and the way back. */
export function Removed() {
  const { t } = useTranslation();
  const { removed } = useProject();
  const [restore, restoring] = useAction((variant: string) => forProject('restoreVariant', { variant }));
  if (removed.length === 0) return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          leftSection={<Icon name="trash" size={14} />}
          loading={restoring}
        >
          {t('compare.removed', { count: removed.length })}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('compare.restore')}</Menu.Label>
        {removed.map(({ id, name }) => (
          <Menu.Item key={id} leftSection={<Icon name="undo" size={14} />} onClick={() => void restore(id)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
