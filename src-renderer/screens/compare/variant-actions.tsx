import { Button, Group, Modal, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Variant } from '../../../src-main/contract';
import { go } from '../../app/navigation';
import { Icon } from '../../components/icon';
import { showUndo } from '../../components/toast';
import { useAction } from '../../components/use-action';
import { forProject } from '../../studio/actions';
import { edit } from '../../studio/recipe-draft';
import { lookInto, select } from '../../studio/selection';

/** What can be done with a variant. */
export function VariantActions({ variant }: { variant: Variant }) {
  const { t } = useTranslation();
  const [measure, measuring] = useAction(() => forProject('evaluateVariant', { variant: variant.id }));
  const [restore] = useAction(() => forProject('restoreVariant', { variant: variant.id }));
  const [remove, removing] = useAction(async () => {
    await forProject('removeVariant', { variant: variant.id });
    select(null);
    showUndo(t('details.removed', { name: variant.name }), t('details.undo'), () => void restore());
  });
  const { recipe } = variant;
  return (
    <>
      <Button leftSection={<Icon name="export" />} onClick={() => go('export')}>
        {t('details.export')}
      </Button>
      <Button
        variant="default"
        leftSection={<Icon name="model" />}
        onClick={() => {
          lookInto({ variant: variant.id, tab: 'changes' });
          go('inspect');
        }}
      >
        {t('details.lookInside')}
      </Button>
      {recipe !== null && (
        <Button
          variant="default"
          leftSection={<Icon name="copy" />}
          onClick={() => {
            edit({ ...recipe, name: t('details.copyOf', { name: variant.name }) });
            go('recipe');
          }}
        >
          {t('details.clone')}
        </Button>
      )}
      <Button variant="default" leftSection={<Icon name="retry" />} loading={measuring} onClick={() => void measure()}>
        {t('details.measureAgain')}
      </Button>
      <Rename variant={variant} />
      <Button variant="default" leftSection={<Icon name="trash" />} loading={removing} onClick={() => void remove()}>
        {t('details.remove')}
      </Button>
    </>
  );
}

function Rename({ variant }: { variant: Variant }) {
  const { t } = useTranslation();
  const [opened, dialog] = useDisclosure(false);
  const [name, setName] = useState(variant.name);
  const [rename, renaming] = useAction(async () => {
    await forProject('renameVariant', { variant: variant.id, name: name.trim() });
    dialog.close();
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<Icon name="rename" />}
        onClick={() => {
          setName(variant.name);
          dialog.open();
        }}
      >
        {t('details.rename')}
      </Button>
      <Modal
        opened={opened}
        onClose={dialog.close}
        title={t('details.rename')}
        centered
        closeButtonProps={{ 'aria-label': t('shell.closeDialog') }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void rename();
          }}
        >
          <Group align="flex-end" gap="xs">
            <TextInput
              flex={1}
              label={t('details.name')}
              value={name}
              maxLength={200}
              data-autofocus
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Button type="submit" loading={renaming} disabled={name.trim() === ''}>
              {t('details.save')}
            </Button>
          </Group>
        </form>
      </Modal>
    </>
  );
}
