/** Names of the messages between the main process and the preload script; the studio itself speaks over a port. */

export const channels = {
  /** page → main: asks for a port to the studio. */
  connect: 'lathe:connect',
  /** main → page: carries the port. */
  port: 'lathe:port',
  /** page → main, answered: the system's file dialog. */
  choose: 'lathe:choose',
  /** page → main, answered: shows a file in the file manager. */
  reveal: 'lathe:reveal',
  /** page → main: the page's command table. */
  menu: 'lathe:menu',
  /** main → page: a command of that table was chosen. */
  command: 'lathe:command',
  /** main → page: a file was opened from outside. */
  open: 'lathe:open',
} as const;
