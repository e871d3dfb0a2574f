/** Long work as the desktop shows it: a bar at the window's icon, no sleep meanwhile, a word at its end. */

import { type BrowserWindow, Notification, powerSaveBlocker } from 'electron';
import type { Job } from '../../contract';

const noBar = -1;
/** Above 1 the bar moves without telling how far. */
const unknownShare = 2;

export class RunningJobs {
  private readonly live = new Map<string, Job>();
  private blocker: number | null = null;

  constructor(private readonly window: BrowserWindow) {}

  get titles(): readonly string[] {
    return [...this.live.values()].map(({ title }) => title);
  }

  changed(job: Job): void {
    if (this.window.isDestroyed()) return;
    if (job.state === 'queued' || job.state === 'running') this.live.set(job.id, job);
    else if (this.live.delete(job.id)) this.ended(job);
    this.showBar();
    this.keepAwake();
  }

  private showBar(): void {
    const running = [...this.live.values()].find(({ state }) => state === 'running');
    const share = running?.progress?.fraction ?? unknownShare;
    this.window.setProgressBar(running === undefined ? noBar : share);
  }

  private keepAwake(): void {
    if (this.live.size > 0) {
      this.blocker ??= powerSaveBlocker.start('prevent-app-suspension');
    } else if (this.blocker !== null) {
      powerSaveBlocker.stop(this.blocker);
      this.blocker = null;
    }
  }

  private ended({ title, state, error }: Job): void {
    if (this.live.size > 0 || this.window.isFocused() || !Notification.isSupported()) return;
    new Notification({ title: 'Lathe', body: error ?? `${title}: ${state}` }).show();
  }
}
