/** The desktop app while it runs: one studio, one window, and what the system asks of both. */

import { app, type BrowserWindow, MessageChannelMain, session, shell, type WebContents } from 'electron';
import packageFile from '../../../package.json';
import type { Job, MenuCommand, StudioCalls } from '../../contract';
import { forkCarrier } from '../../engine/supervisor';
import { inProcessChannels } from '../../rpc/channels/in-process';
import { messagePortChannel } from '../../rpc/channels/message-port';
import { type Client, createClient } from '../../rpc/client';
import { createStudio, type Studio } from '../../studio';
import { sampleIn } from '../shared/sample';
import { channels } from './channels';
import { askToReload, askToStop, choosePath } from './dialogs';
import { denyPermissions } from './fence';
import { showMenu } from './menu';
import { hearPages } from './messages';
import type { Opening } from './opening';
import { refuseRemoteContent, servePages } from './pages';
import { RunningJobs } from './running-jobs';
import { utilityCarrier } from './utility-carrier';
import { createWindow } from './window';

export interface DesktopPaths {
  readonly engine: string;
  readonly preload: string;
  readonly pages: string;
  /** Folder of the bundled sample. */
  readonly sample: string;
  readonly preferences: string;
  readonly projects: string;
}

/** Once the app is ready. @param devServer where `npm run dev` serves the pages */
export async function openDesktop(paths: DesktopPaths, opening: Opening, devServer: string | null): Promise<void> {
  const source = servePages(session.defaultSession, paths.pages, devServer);
  refuseRemoteContent(session.defaultSession, source);
  denyPermissions(session.defaultSession);
  const window = createWindow(paths.preload);
  const running = new RunningJobs(window);
  const studio = await openStudio(paths, (job) => running.changed(job));
  const desktop = new Desktop(window, studio, running, opening);
  hearPages(desktop, source.origin, (contents) => contents === window.webContents);
  await window.loadURL(source.address);
}

class Desktop {
  private readonly client: Client<StudioCalls>;
  private commands: readonly MenuCommand[] = [];
  private newestRecent: string | null = null;
  private mayClose = false;
  private studioClosed = false;

  constructor(
    private readonly window: BrowserWindow,
    private readonly studio: Studio,
    private readonly running: RunningJobs,
    private readonly opening: Opening,
  ) {
    this.client = inProcessClient(studio);
    this.window.on('close', (event) => this.closing(event));
    this.window.webContents.on('render-process-gone', (_event, { reason }) => void this.pageGone(reason));
    app.on('window-all-closed', () => app.quit());
    app.on('will-quit', (event) => this.quitting(event));
    opening.comeForward = () => {
      if (this.window.isMinimized()) this.window.restore();
      this.window.focus();
    };
    void this.refreshMenu();
  }

  connect(contents: WebContents): void {
    const { port1, port2 } = new MessageChannelMain();
    this.studio.attach(messagePortChannel(port1));
    contents.postMessage(channels.port, null, [port2]);
    this.opening.connect((path) => contents.send(channels.open, path));
  }

  choose(kind: Parameters<typeof choosePath>[1]): Promise<string | null> {
    return choosePath(this.window, kind);
  }

  reveal(path: string): void {
    shell.showItemInFolder(path);
  }

  menu(commands: readonly MenuCommand[]): void {
    this.commands = commands;
    void this.refreshMenu();
  }

  private async refreshMenu(): Promise<void> {
    const recents = await this.client.call('recents', {}).catch(() => []);
    const [newest] = recents;
    if (newest !== undefined && newest.path !== this.newestRecent) app.addRecentDocument(newest.path);
    this.newestRecent = newest?.path ?? null;
    showMenu({
      commands: this.commands,
      recents,
      platform: process.platform,
      run: (command) => this.window.webContents.send(channels.command, command),
      open: (path) => this.opening.add(path),
    });
  }

  private closing(event: { preventDefault(): void }): void {
    const { titles } = this.running;
    if (this.mayClose || titles.length === 0) return;
    event.preventDefault();
    void askToStop(this.window, titles).then((stop) => {
      this.mayClose = stop;
      if (stop) this.window.close();
    });
  }

  /** The studio lets go of its projects before the app goes. */
  private quitting(event: { preventDefault(): void }): void {
    if (this.studioClosed) return;
    event.preventDefault();
    void this.studio.close().finally(() => {
      this.studioClosed = true;
      app.quit();
    });
  }

  private async pageGone(reason: string): Promise<void> {
    if (reason === 'clean-exit' || this.window.isDestroyed()) return;
    this.opening.disconnect();
    if (await askToReload(this.window, reason)) this.window.webContents.reload();
    else this.window.close();
  }
}

function openStudio(paths: DesktopPaths, jobChanged: (job: Job) => void): Promise<Studio> {
  return createStudio({
    host: 'electron',
    version: packageFile.version,
    carrier: ({ engineNode }) =>
      engineNode === null ? utilityCarrier(paths.engine) : forkCarrier({ entry: paths.engine, node: engineNode }),
    userDataFolder: paths.preferences,
    projectsFolder: paths.projects,
    sample: sampleIn(paths.sample),
    opened: null,
    browsable: [],
    jobChanged,
  });
}

function inProcessClient(studio: Studio): Client<StudioCalls> {
  const [ours, theirs] = inProcessChannels();
  studio.attach(theirs);
  return createClient<StudioCalls>(ours);
}
