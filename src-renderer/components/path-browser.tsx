import {
  ActionIcon,
  Badge,
  Button,
  Code,
  Group,
  Loader,
  Modal,
  ScrollArea,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Empty } from './empty';
import { bytes } from './format';
import { Icon, type IconName } from './icon';

export type Kind = 'model' | 'dataset' | 'project' | 'recipe';
export interface Listing {
  readonly folder: string;
  readonly parent: string | null;
  readonly entries: readonly {
    readonly name: string;
    readonly path: string;
    readonly kind: 'folder' | 'file';
    readonly bytes: number | null;
    readonly looksLike: Kind | null;
  }[];
}
type Entry = Listing['entries'][number];

export interface PathBrowserProps {
  readonly opened: boolean;
  readonly title: string;
  /** What may be chosen; `folder` is any folder. */
  readonly choose: readonly (Kind | 'folder')[];
  readonly start: string | null;
  readonly browse: (folder: string | null) => Promise<Listing>;
  readonly onChoose: (path: string, kind: Kind | 'folder') => void;
  readonly onClose: () => void;
}

/** Walks the folders of the machine that the studio runs on, which need not be the one that shows it. */
export function PathBrowser(props: PathBrowserProps) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': t('shell.closeDialog') }}
    >
      {props.opened && <Folder {...props} />}
    </Modal>
  );
}

function Folder({ start, browse, choose, onChoose }: PathBrowserProps) {
  const { t } = useTranslation();
  const [listing, setListing] = useState<Listing | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [typed, setTyped] = useState(start ?? '');
  const open = useCallback(
    (folder: string | null) => {
      browse(folder).then(
        (found) => {
          setListing(found);
          setTyped(found.folder);
          setError(null);
        },
        (thrown: unknown) => setError(thrown instanceof Error ? thrown.message : String(thrown)),
      );
    },
    [browse],
  );
  useEffect(() => open(start), [open, start]);
  const fits = (entry: Entry) =>
    (entry.looksLike !== null && choose.includes(entry.looksLike)) ||
    (entry.kind === 'folder' && choose.includes('folder'));
  const shown = listing?.entries.filter((entry) => entry.kind === 'folder' || fits(entry)) ?? [];
  return (
    <Stack gap="sm">
      <Group gap="xs" wrap="nowrap" align="flex-end">
        <ActionIcon
          variant="default"
          size="lg"
          aria-label={t('browser.up')}
          disabled={listing?.parent == null}
          onClick={() => open(listing?.parent ?? null)}
        >
          <Icon name="chevronUp" />
        </ActionIcon>
        <TextInput
          flex={1}
          aria-label={t('browser.path')}
          value={typed}
          error={error}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && open(typed)}
          rightSection={listing === null && error === null ? <Loader size="xs" /> : undefined}
        />
        {choose.includes('folder') && listing !== null && (
          <Button onClick={() => onChoose(listing.folder, 'folder')}>{t('browser.chooseThis')}</Button>
        )}
      </Group>
      <ScrollArea.Autosize mah={420} type="auto">
        {listing !== null && shown.length === 0 && <Empty icon="folder" text={t('browser.empty')} />}
        <Stack gap={2} component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
          {shown.map((entry) => (
            <li key={entry.path}>
              <EntryRow entry={entry} fits={fits(entry)} onOpen={open} onChoose={onChoose} />
            </li>
          ))}
        </Stack>
      </ScrollArea.Autosize>
    </Stack>
  );
}

const icons: Readonly<Record<Kind, IconName>> = { model: 'model', dataset: 'data', project: 'chart', recipe: 'recipe' };

function EntryRow(props: {
  entry: Entry;
  fits: boolean;
  onOpen: (folder: string) => void;
  onChoose: PathBrowserProps['onChoose'];
}) {
  const { t } = useTranslation();
  const { entry, fits } = props;
  const choose = () => props.onChoose(entry.path, entry.looksLike ?? 'folder');
  const chosenAtOnce = fits && entry.looksLike !== null;
  return (
    <Group gap="xs" wrap="nowrap">
      <Button
        fullWidth
        variant="subtle"
        color="gray"
        size="compact-md"
        justify="flex-start"
        c="var(--mantine-color-text)"
        fw={400}
        leftSection={
          <Icon
            name={entry.looksLike === null ? (entry.kind === 'folder' ? 'folder' : 'file') : icons[entry.looksLike]}
          />
        }
        onClick={() => (chosenAtOnce ? choose() : props.onOpen(entry.path))}
      >
        {entry.name}
      </Button>
      {entry.looksLike !== null && (
        <Badge variant="light" color={fits ? 'blue' : 'gray'} size="sm">
          {t(`browser.kind.${entry.looksLike}`)}
        </Badge>
      )}
      {entry.bytes !== null && (
        <Text size="xs" c="dimmed" className="figures" miw={64} ta="right">
          {bytes(entry.bytes)}
        </Text>
      )}
    </Group>
  );
}

/** A path as it is written on that machine. */
export function PathText({ path }: { path: string }) {
  return (
    <Code style={{ overflowWrap: 'anywhere' }} fz="xs">
      {path}
    </Code>
  );
}
