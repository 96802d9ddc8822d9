/** Single-key shortcuts (WCAG 2.1.4: they can be turned off, and never fire while somebody types). */

export type Command = 'next' | 'previous' | 'change' | 'search' | 'help' | 'new' | 'keep' | 'both' | 'other' | 'undo';

const COMMANDS: Readonly<Record<string, Command>> = { j: 'next', k: 'previous', e: 'change', '/': 'search', '?': 'help', n: 'new', 1: 'keep', 2: 'keep', 3: 'keep', b: 'both', o: 'other', u: 'undo' };
export const SHORTCUTS: readonly { key: string; command: Command }[] = [...new Set(Object.values(COMMANDS))].map((command) => ({
  key: Object.keys(COMMANDS).filter((key) => COMMANDS[key] === command).join(' '),
  command,
}));

const REMEMBERED = 'kerbside.console.shortcuts';

export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing: boolean;
}

export function commandOf(press: Press, typing: boolean): Command | null {
  if (typing || press.ctrlKey || press.metaKey || press.altKey || press.isComposing) return null;
  return COMMANDS[press.key] ?? null;
}

/** Whether a key pressed there belongs to the thing itself: a letter in a select or a radio moves its choice. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** The row `step` away from the one that has the focus; the nearest end when there is none that far. */
export function stepRow<T>(rows: readonly T[], at: unknown, step: 1 | -1): T | undefined {
  const here = rows.findIndex((row) => row === at);
  return here < 0 ? rows[0] : rows[Math.min(rows.length - 1, Math.max(0, here + step))];
}

export function shortcutsOn(storage: Pick<Storage, 'getItem'>): boolean {
  return storage.getItem(REMEMBERED) !== 'off';
}

export function rememberShortcuts(storage: Pick<Storage, 'setItem'>, on: boolean): void {
  storage.setItem(REMEMBERED, on ? 'on' : 'off');
}
