import { Button, Group, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ChoosePath } from './choose-path';
import type { Kind, PathBrowserProps } from './path-browser';

export interface PathFieldProps {
  readonly label: string;
  readonly description?: string;
  readonly placeholder?: string;
  readonly value: string;
  readonly onChange: (path: string) => void;
  /** Called for a path that was chosen or confirmed with Enter; left out: the path is only filled in. */
  readonly onSubmit?: (path: string, kind: Kind | 'folder' | null) => void;
  readonly submitLabel?: string;
  readonly choose: PathBrowserProps['choose'];
  readonly browse: PathBrowserProps['browse'];
  readonly busy?: boolean;
}

/** A path typed, or chosen from the folders of the machine that does the work. */
export function PathField(props: PathFieldProps) {
  const { t } = useTranslation();
  const submit = () => props.value.trim() !== '' && props.onSubmit?.(props.value.trim(), null);
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <TextInput
        flex={1}
        label={props.label}
        description={props.description}
        placeholder={props.placeholder}
        value={props.value}
        spellCheck={false}
        onChange={(event) => props.onChange(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && submit()}
      />
      <ChoosePath
        title={props.label}
        choose={props.choose}
        browse={props.browse}
        onChoose={(path, kind) => {
          props.onChange(path);
          props.onSubmit?.(path, kind);
        }}
      />
      {props.onSubmit !== undefined && (
        <Button onClick={submit} loading={props.busy} disabled={props.value.trim() === ''}>
          {props.submitLabel ?? t('browser.open')}
        </Button>
      )}
    </Group>
  );
}
