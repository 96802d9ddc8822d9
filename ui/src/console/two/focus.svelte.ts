/** Which line of a tray has the keyboard: moved line by line, and on to the next that is open where one is settled. */
import { tick } from 'svelte';
import type { Command } from '../keys';

export class Focus {
  /** The line that has it, until it goes elsewhere. */
  key = $state<string | null>(null);
  #prefix: string;

  /** The lines' elements are called by this and their keys. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  async on(key: string | null): Promise<void> {
    if (key === null) return;
    this.key = key;
    await tick();
    const line = document.getElementById(`${this.#prefix}-${key}`);
    line?.scrollIntoView({ block: 'nearest' });
    line?.focus({ preventScroll: true });
  }

  /** The line that a key is meant for: the one that has the keyboard, or the first. */
  among(keys: string[]): string | null {
    return keys.find((key) => key === this.key) ?? keys[0] ?? null;
  }

  /** To the line below or above; true where that was meant. */
  moves(command: Command, keys: string[]): boolean {
    if (command !== 'next' && command !== 'previous') return false;
    const at = keys.indexOf(this.key ?? '');
    const to = at < 0 ? 0 : at + (command === 'next' ? 1 : -1);
    void this.on(keys[Math.min(keys.length - 1, Math.max(0, to))] ?? null);
    return true;
  }
}

/** The line after this one that is open, or the one before. */
export function nextOpen<Line extends { key: string }>(lines: Line[], key: string, isOpen: (line: Line) => boolean): string | null {
  const at = lines.findIndex((line) => line.key === key);
  return (lines.slice(at + 1).find(isOpen) ?? lines.slice(0, at).reverse().find(isOpen))?.key ?? null;
}
