import { useTranslation } from 'react-i18next';
import type { ProfileReport } from '../../../src-main/contract';
import { Asked } from '../../components/asked';
import type { Profile } from './use-profile';

/** The button that measures, its progress and its error. */
export function MeasureTime({ profile }: { profile: Profile }) {
  const { t } = useTranslation();
  return (
    <Asked answer={profile.answer} label={t('inside.measure')} onAsk={profile.measure}>
      {() => null}
    </Asked>
  );
}

/** How the times were taken. */
export function useTimeNote(result: ProfileReport | null): string | undefined {
  const { t } = useTranslation();
  if (result === null) return undefined;
  return t('inside.timeNote', { runs: result.runs, threads: result.threads, batch: result.batch });
}
