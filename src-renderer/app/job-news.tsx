import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job } from '../../src-main/contract';
import { isActive } from '../components/active-job';
import { useStudioWords } from '../components/studio-words';
import { showDone, showError } from '../components/toast';
import { useStudio } from '../studio/store';

/** Says once, on whichever screen, how a job ended. */
export function JobNews() {
  const { t } = useTranslation();
  const word = useStudioWords();
  const project = useStudio((state) => state.project);
  const known = useRef<{ path: string | null; active: ReadonlySet<string> }>({ path: null, active: new Set() });
  useEffect(() => {
    const before = known.current;
    const jobs = project?.jobs ?? [];
    known.current = {
      path: project?.path ?? null,
      active: new Set(jobs.filter(isActive).map((job) => job.id)),
    };
    if (project === null || before.path !== project.path) return;
    for (const job of jobs) {
      if (before.active.has(job.id) && !isActive(job)) announce(job, t('shell.jobDone', { title: word(job.title) }));
    }
  }, [project, t, word]);
  return null;
}

function announce(job: Job, done: string): void {
  if (job.state === 'done') {
    if (job.kind !== 'open') showDone(done);
  } else if (job.state !== 'cancelled' && job.error !== null) showError(new Error(job.error));
}
