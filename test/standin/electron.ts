/**
 * A stand-in for the module `electron`, for the built bundles under Node: what main asks of it is noted down, and what
 * Electron would tell main is told by {@link remote}. Each part is typed as a pick of Electron's own types, so that it
 * cannot drift from them. Pages are real too: the built preload script runs for each window, engines are forked Nodes.
 */

import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { MessageChannel as NodeMessageChannel, type MessagePort as NodeMessagePort } from 'node:worker_threads';
import type * as Electron from 'electron';
import type { DesktopBridge } from '../../src-main/contract/desktop';
import type { StandinStart } from './start';

const start = JSON.parse(process.env.LATHE_STANDIN ?? '{}') as StandinStart;

export interface Note {
  readonly what: string;
  readonly args: readonly unknown[];
}
export const notes: Note[] = [];
function note(what: string, ...args: unknown[]): void {
  notes.push({ what, args });
}

// --- app -----------------------------------------------------------------------------------------------------------

class StandinApp
  extends EventEmitter
  implements
    Pick<
      Electron.App,
      | 'isPackaged'
      | 'whenReady'
      | 'requestSingleInstanceLock'
      | 'quit'
      | 'exit'
      | 'getPath'
      | 'getVersion'
      | 'getAppPath'
      | 'addRecentDocument'
      | 'setAppUserModelId'
    >
{
  readonly isPackaged = false;
  whenReady = async (): Promise<void> => {};
  requestSingleInstanceLock = (): boolean => {
    note('app.requestSingleInstanceLock');
    return start.lock;
  };
  quit = (): void => {
    note('app.quit');
    const closed = windows.every((window) => window.isDestroyed() || window.tryClose());
    if (!closed) return;
    const quitting = event();
    this.emit('will-quit', quitting);
    if (!quitting.defaultPrevented) setImmediate(() => process.exit(0));
  };
  exit = (code?: number): void => process.exit(code);
  getPath = (): string => start.userData;
  getVersion = (): string => '0.0.0';
  getAppPath = (): string => start.root;
  addRecentDocument = (path: string): void => note('app.addRecentDocument', path);
  setAppUserModelId = (id: string): void => note('app.setAppUserModelId', id);
}
export const app = new StandinApp();

/** An event that can be prevented. */
function event(): { preventDefault(): void; defaultPrevented: boolean } {
  return {
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true;
    },
  };
}

// --- session and protocol ------------------------------------------------------------------------------------------

type Handler = (request: Request) => Response | Promise<Response>;
const schemes = new Map<string, Handler>();
const permissions: {
  request?: PermissionRequest | null;
  check?: (() => boolean) | null;
  device?: (() => boolean) | null;
} = {};
type PermissionRequest = (contents: unknown, permission: string, answer: (granted: boolean) => void) => void;
type RequestFilter = (details: { url: string }, answer: (response: { cancel?: boolean }) => void) => void;
let requestFilter: RequestFilter | null = null;

const defaultSession = {
  protocol: {
    handle: (scheme: string, handler: Handler) => {
      schemes.set(scheme, handler);
    },
  } satisfies Pick<Electron.Protocol, 'handle'>,
  webRequest: {
    onBeforeRequest: (listener: unknown) => {
      requestFilter = listener as RequestFilter;
    },
  } satisfies Pick<Electron.WebRequest, 'onBeforeRequest'>,
  setPermissionRequestHandler: (handler: unknown) => {
    permissions.request = handler as PermissionRequest;
  },
  setPermissionCheckHandler: (handler: unknown) => {
    permissions.check = handler as () => boolean;
  },
  setDevicePermissionHandler: (handler: unknown) => {
    permissions.device = handler as () => boolean;
  },
};
export const session: { defaultSession: object } & Partial<Record<keyof typeof Electron.session, unknown>> = {
  defaultSession: defaultSession satisfies Record<
    keyof Pick<
      Electron.Session,
      | 'protocol'
      | 'webRequest'
      | 'setPermissionRequestHandler'
      | 'setPermissionCheckHandler'
      | 'setDevicePermissionHandler'
    >,
    unknown
  >,
};

export const protocol: Pick<Electron.Protocol, 'registerSchemesAsPrivileged'> = {
  registerSchemesAsPrivileged: (given) => note('protocol.registerSchemesAsPrivileged', ...given),
};

// --- windows and their pages ---------------------------------------------------------------------------------------

const windows: BrowserWindow[] = [];

class WebContents
  extends EventEmitter
  implements Pick<Electron.WebContents, 'id' | 'isDestroyed' | 'send' | 'setWindowOpenHandler'>
{
  readonly session = defaultSession;
  readonly mainFrame = { origin: '', postMessage: this.postMessage.bind(this) };
  windowOpenHandler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0] | null = null;

  constructor(readonly id: number) {
    super();
  }
  isDestroyed(): boolean {
    return windows.find((window) => window.webContents === this)?.isDestroyed() ?? true;
  }
  send(channel: string, ...args: unknown[]): void {
    note('webContents.send', channel, ...args);
    page?.toPreload.emit(channel, { ports: [] }, ...args);
  }
  postMessage(channel: string, message: unknown, transfer: MessagePortMain[] = []): void {
    note('webContents.postMessage', channel, message, transfer.length);
    page?.toPreload.emit(channel, { ports: transfer.map((port) => port.far) }, message);
  }
  setWindowOpenHandler(handler: NonNullable<typeof this.windowOpenHandler>): void {
    this.windowOpenHandler = handler;
  }
}

export class BrowserWindow
  extends EventEmitter
  implements
    Pick<
      Electron.BrowserWindow,
      | 'loadURL'
      | 'show'
      | 'focus'
      | 'restore'
      | 'isMinimized'
      | 'isDestroyed'
      | 'isFocused'
      | 'close'
      | 'destroy'
      | 'setProgressBar'
    >
{
  readonly webContents = new WebContents(windows.length + 1);
  private destroyed = false;

  constructor(readonly options: Electron.BrowserWindowConstructorOptions = {}) {
    super();
    note('new BrowserWindow', options);
    windows.push(this);
    app.emit('web-contents-created', event(), this.webContents);
  }
  static getAllWindows = (): BrowserWindow[] => windows.filter((window) => !window.isDestroyed());
  static fromWebContents = (contents: unknown): BrowserWindow | null =>
    windows.find((window) => window.webContents === contents) ?? null;

  async loadURL(url: string): Promise<void> {
    note('window.loadURL', url);
    const { protocol: scheme, host } = new URL(url);
    this.webContents.mainFrame.origin = `${scheme}//${host}`;
    page = openPage(this);
    this.emit('ready-to-show');
    this.webContents.emit('did-finish-load');
  }
  show = (): void => note('window.show');
  focus = (): void => note('window.focus');
  restore = (): void => note('window.restore');
  isMinimized = (): boolean => true;
  isDestroyed = (): boolean => this.destroyed;
  isFocused = (): boolean => false;
  close = (): void => {
    this.tryClose();
  };
  /** @returns whether it is closed */
  tryClose(): boolean {
    const closing = event();
    this.emit('close', closing);
    if (!closing.defaultPrevented) this.destroy();
    return this.destroyed;
  }
  destroy = (): void => {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('closed');
    if (BrowserWindow.getAllWindows().length === 0) app.emit('window-all-closed');
  };
  setProgressBar = (progress: number): void => note('window.setProgressBar', progress);
}

interface StandinPage {
  /** Messages from main, as ipcRenderer hears them. */
  readonly toPreload: EventEmitter;
  readonly bridge: DesktopBridge;
  /** What the preload script posted to the page's window. */
  readonly posted: { message: unknown; origin: string; ports: NodeMessagePort[] }[];
}
let page: StandinPage | null = null;
export function openedPage(): StandinPage {
  if (page === null) throw new Error('no window has loaded a page');
  return page;
}

export interface Sender {
  /** Another origin than the page's. */
  readonly origin?: string;
  /** A frame inside the page. */
  readonly subframe?: boolean;
  /** Contents that belong to no window of the app. */
  readonly stranger?: boolean;
  /** The frame is gone by the time that the message arrives. */
  readonly gone?: boolean;
}

/** Delivers a message as it comes from such a sender; main looks at the frame before anything else. */
function deliver<Result>(window: BrowserWindow, from: Sender, handle: (event: object) => Result): Result {
  const { origin } = window.webContents.mainFrame;
  const sender = from.stranger ? new WebContents(99) : window.webContents;
  sender.mainFrame.origin = from.origin ?? origin;
  const frame = from.subframe ? { ...sender.mainFrame } : sender.mainFrame;
  try {
    return handle({ sender, senderFrame: from.gone ? null : frame, ports: [] });
  } finally {
    sender.mainFrame.origin = origin;
  }
}

/** Runs the built preload script for a window, as a sandboxed one is run: one file, of packages only `electron`. */
function openPage(window: BrowserWindow): StandinPage {
  const toPreload = new EventEmitter();
  const posted: StandinPage['posted'] = [];
  const exposed = new Map<string, unknown>();
  const renderer = {
    contextBridge: {
      exposeInMainWorld: (name, api) => {
        exposed.set(name, api);
      },
    } satisfies Pick<Electron.ContextBridge, 'exposeInMainWorld'>,
    ipcRenderer: {
      on: (channel: string, listener: (...args: unknown[]) => void) => toPreload.on(channel, listener),
      off: (channel: string, listener: (...args: unknown[]) => void) => toPreload.off(channel, listener),
      send: (channel: string, ...args: unknown[]) => sendToMain(window, channel, args, {}),
      invoke: (channel: string, ...args: unknown[]) => invokeMain(window, channel, args, {}),
    } satisfies Record<keyof Pick<Electron.IpcRenderer, 'on' | 'off' | 'send' | 'invoke'>, unknown>,
    webUtils: {
      getPathForFile: (file) => `/dropped/${(file as { name: string }).name}`,
    } satisfies Pick<Electron.WebUtils, 'getPathForFile'>,
  };
  const load = (name: string): unknown => {
    if (name === 'electron') return renderer;
    throw new Error(`a sandboxed preload script cannot load ${name}`);
  };
  const pageWindow = {
    location: { origin: window.webContents.mainFrame.origin },
    postMessage: (message: unknown, origin: string, ports: NodeMessagePort[]) => {
      posted.push({ message, origin, ports });
    },
  };
  const path = window.options.webPreferences?.preload ?? '';
  const script = new Function('require', 'module', 'exports', 'window', readFileSync(path, 'utf8'));
  script(load, { exports: {} }, {}, pageWindow);
  return { toPreload, posted, bridge: exposed.get('lathe') as DesktopBridge };
}

// --- messages ------------------------------------------------------------------------------------------------------

type MainHandler = (event: object, ...args: unknown[]) => unknown;
const handlers = new Map<string, MainHandler>();
const listeners = new EventEmitter();
export const ipcMain: Record<keyof Pick<Electron.IpcMain, 'on' | 'handle'>, unknown> = {
  on: (channel: string, listener: (...args: unknown[]) => void) => listeners.on(channel, listener),
  handle: (channel: string, handler: MainHandler) => {
    handlers.set(channel, handler);
  },
};

function sendToMain(window: BrowserWindow, channel: string, args: readonly unknown[], from: Sender): void {
  deliver(window, from, (event) => listeners.emit(channel, event, ...structuredClone(args)));
}

async function invokeMain(
  window: BrowserWindow,
  channel: string,
  args: readonly unknown[],
  from: Sender,
): Promise<unknown> {
  const handler = handlers.get(channel);
  if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
  return deliver(window, from, (event) => handler(event, ...structuredClone(args)));
}

/** A port of main's: events with `data`, over a real Node port whose far end is the page's. */
class MessagePortMain
  extends EventEmitter
  implements Pick<Electron.MessagePortMain, 'postMessage' | 'start' | 'close'>
{
  far!: NodeMessagePort;
  constructor(private readonly port: NodeMessagePort) {
    super();
  }
  start(): void {
    this.port.on('message', (data) => this.emit('message', { data, ports: [] }));
    this.port.on('close', () => this.emit('close'));
  }
  postMessage(message: unknown): void {
    this.port.postMessage(message);
  }
  close(): void {
    this.port.close();
  }
}

export class MessageChannelMain {
  readonly port1: MessagePortMain;
  readonly port2: MessagePortMain;
  constructor() {
    const { port1, port2 } = new NodeMessageChannel();
    this.port1 = new MessagePortMain(port1);
    this.port2 = new MessagePortMain(port2);
    this.port1.far = port2;
    this.port2.far = port2;
  }
}

// --- the engine's process ------------------------------------------------------------------------------------------

/** As in a utility process, messages wait until somebody listens. */
const engineHook = `
const { EventEmitter } = await import('node:events');
const port = new EventEmitter();
port.postMessage = (message) => process.send(message);
port.start = () => {};
port.close = () => process.disconnect();
port.once('newListener', () => process.on('message', (data) => port.emit('message', { data, ports: [] })));
process.parentPort = port;
`;

class UtilityProcess
  extends EventEmitter
  implements Pick<Electron.UtilityProcess, 'pid' | 'postMessage' | 'kill' | 'stderr' | 'stdout'>
{
  private readonly child;
  constructor(entry: string, args: string[], options: Electron.ForkOptions) {
    super();
    const hook = `data:text/javascript,${encodeURIComponent(engineHook)}`;
    this.child = fork(entry, args, {
      execArgv: ['--import', hook],
      serialization: 'advanced',
      env: { ...(options.env ?? process.env) } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.child.on('spawn', () => this.emit('spawn'));
    this.child.on('message', (message) => this.emit('message', message));
    // A utility process tells a signal as a shell does.
    this.child.on('close', (code, signal) => this.emit('exit', code ?? 128 + signalNumber(signal)));
  }
  get pid(): number | undefined {
    return this.child.pid;
  }
  get stderr(): NodeJS.ReadableStream | null {
    return this.child.stderr;
  }
  readonly stdout = null;
  postMessage(message: unknown): void {
    if (this.child.connected) this.child.send(message as object, () => {});
  }
  kill(): boolean {
    return this.child.kill();
  }
}

function signalNumber(signal: string | null): number {
  const { signals } = createRequire(import.meta.url)('node:os').constants;
  return signal === null ? 0 : (signals[signal] ?? 0);
}

export const utilityProcess = {
  fork: (entry: string, args: string[] = [], options: Electron.ForkOptions = {}): UtilityProcess => {
    const child = new UtilityProcess(entry, args, options);
    note('utilityProcess.fork', entry, options.serviceName, child.pid);
    return child;
  },
} satisfies Record<'fork', unknown>;

// --- the rest of the desktop ---------------------------------------------------------------------------------------

let menu: Electron.MenuItemConstructorOptions[] = [];
export const Menu: Pick<typeof Electron.Menu, 'buildFromTemplate' | 'setApplicationMenu'> = {
  buildFromTemplate: (template) => template as unknown as Electron.Menu,
  setApplicationMenu: (given) => {
    menu = given as unknown as Electron.MenuItemConstructorOptions[];
  },
};

const answers: { open: string[]; message: number[] } = { open: [], message: [] };
export const dialog: Record<keyof Pick<Electron.Dialog, 'showOpenDialog' | 'showMessageBox'>, unknown> = {
  showOpenDialog: async (_window: unknown, options: unknown): Promise<Electron.OpenDialogReturnValue> => {
    note('dialog.showOpenDialog', options);
    const answer = answers.open.shift();
    return { canceled: answer === undefined, filePaths: answer === undefined ? [] : [answer] };
  },
  showMessageBox: async (_window: unknown, options: unknown): Promise<Electron.MessageBoxReturnValue> => {
    note('dialog.showMessageBox', options);
    return { response: answers.message.shift() ?? 0, checkboxChecked: false };
  },
};

export const shell: Pick<Electron.Shell, 'showItemInFolder'> = {
  showItemInFolder: (path) => note('shell.showItemInFolder', path),
};
export const crashReporter: Pick<Electron.CrashReporter, 'start'> = {
  start: (options) => note('crashReporter.start', options),
};
export const powerSaveBlocker: Pick<Electron.PowerSaveBlocker, 'start' | 'stop'> = {
  start: (type) => {
    note('powerSaveBlocker.start', type);
    return 1;
  },
  stop: (id) => {
    note('powerSaveBlocker.stop', id);
    return true;
  },
};
export class Notification implements Pick<Electron.Notification, 'show'> {
  static isSupported = (): boolean => true;
  constructor(private readonly options: Electron.NotificationConstructorOptions = {}) {}
  show = (): void => note('notification.show', this.options);
}

// --- what Electron would do ----------------------------------------------------------------------------------------

const firstWindow = (): BrowserWindow => {
  const [window] = windows;
  if (window === undefined) throw new Error('there is no window');
  return window;
};

/** What a test makes the world around main do. */
export const remote = {
  /** As plain data: options with functions lose those. */
  notes: () => JSON.parse(JSON.stringify(notes)) as Note[],
  fetch: async (url: string) => {
    const handler = schemes.get(new URL(url).protocol.slice(0, -1));
    if (handler === undefined) throw new Error(`no handler for ${url}`);
    const response = await handler(new Request(url));
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  },
  /** @returns whether main prevented it */
  contentsEvent: (name: string) => {
    const told = event();
    firstWindow().webContents.emit(name, told);
    return told.defaultPrevented;
  },
  openWindow: (url: string) => firstWindow().webContents.windowOpenHandler?.({ url } as Electron.HandlerDetails),
  permission: (name: string) => {
    const granted: boolean[] = [];
    permissions.request?.(firstWindow().webContents, name, (answer) => granted.push(answer));
    return { requested: granted[0], checked: permissions.check?.(), device: permissions.device?.() };
  },
  request: (url: string) => {
    let cancelled: boolean | undefined;
    requestFilter?.({ url }, ({ cancel }) => {
      cancelled = cancel;
    });
    return { cancelled };
  },
  send: (channel: string, args: unknown[], from: Sender) => sendToMain(firstWindow(), channel, args, from),
  invoke: (channel: string, args: unknown[], from: Sender) => invokeMain(firstWindow(), channel, args, from),
  bridge: async (name: keyof DesktopBridge, ...args: unknown[]) => {
    const member = openedPage().bridge[name];
    return typeof member === 'function' ? (member as (...args: unknown[]) => unknown)(...args) : member;
  },
  answerOpen: (path: string) => answers.open.push(path),
  answerMessage: (button: number) => answers.message.push(button),
  menu: () => JSON.parse(JSON.stringify(menu)) as Electron.MenuItemConstructorOptions[],
  clickMenu: (label: string) => {
    const items = menu.flatMap((top) => (Array.isArray(top.submenu) ? top.submenu : []));
    const item = items
      .flatMap((one) => [one, ...(Array.isArray(one.submenu) ? one.submenu : [])])
      .find((one) => one.label === label);
    if (item?.click === undefined) throw new Error(`no menu entry ${label}`);
    (item.click as () => void)();
  },
  openFile: (path: string) => {
    const told = event();
    app.emit('open-file', told, path);
    return told.defaultPrevented;
  },
  secondInstance: (argv: string[], folder: string) => app.emit('second-instance', event(), argv, folder, {}),
  close: () => firstWindow().tryClose(),
  windows: () => BrowserWindow.getAllWindows().length,
  /** The window shows its page, and main has drawn the menu. */
  isReady: () => page !== null && menu.length > 0,
};
export type Remote = typeof remote;
