import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ChooseKind } from '../../src-main/contract';
import { Icon } from './icon';
import { type Kind, PathBrowser, type PathBrowserProps } from './path-browser';
import { showError } from './toast';

export interface ChoosePathProps {
  /** Title of the dialog. */
  readonly title: string;
  readonly label?: string;
  readonly icon?: 'folder' | 'add';
  readonly choose: PathBrowserProps['choose'];
  readonly browse: PathBrowserProps['browse'];
  readonly loading?: boolean;
  readonly onChoose: (path: string, kind: Kind | 'folder' | null) => void;
}

/** A button that asks for a path: the system's dialog on a desktop, the studio's own in a browser. */
export function ChoosePath(props: ChoosePathProps) {
  const { t } = useTranslation();
  const [browsing, setBrowsing] = useState(false);
  const desktop = window.lathe;
  const ask = () => {
    if (desktop === undefined) return setBrowsing(true);
    desktop
      .choose((props.choose[0] satisfies ChooseKind | undefined) ?? 'folder')
      .then((path) => path !== null && props.onChoose(path, null))
      .catch(showError);
  };
  return (
    <>
      <Button
        variant="default"
        leftSection={<Icon name={props.icon ?? 'folder'} />}
        loading={props.loading}
        onClick={ask}
      >
        {props.label ?? t('browser.browse')}
      </Button>
      <PathBrowser
        opened={browsing}
        title={props.title}
        choose={props.choose}
        start={null}
        browse={props.browse}
        onClose={() => setBrowsing(false)}
        onChoose={(path, kind) => {
          setBrowsing(false);
          props.onChoose(path, kind);
        }}
      />
    </>
  );
}
