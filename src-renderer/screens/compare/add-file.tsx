import { useTranslation } from 'react-i18next';
import { ChoosePath } from '../../components/choose-path';
import { useAction } from '../../components/use-action';
import { browse, forProject } from '../../studio/actions';

/** A file made elsewhere becomes a variant like the others. */
export function AddFile() {
  const { t } = useTranslation();
  const [add, adding] = useAction((model: string) => forProject('addVariant', { model }));
  return (
    <ChoosePath
      title={t('compare.addFileTitle')}
      label={t('compare.addFile')}
      icon="add"
      choose={['model']}
      browse={browse}
      loading={adding}
      onChoose={(path) => void add(path)}
    />
  );
}
