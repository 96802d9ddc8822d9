/** Half-written answers, one for each record: they stay with their record while another is looked at. */
import { tick } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { Desk } from '../desk.svelte';
import { mayChange, type AnswerSection } from './answers';
import { Changing } from './changing.svelte';

export class Begun {
  #desk: Desk;
  #kept = new SvelteMap<string, Changing>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** What is being changed in the record that is open. */
  get here(): Changing | null {
    return this.#kept.get(this.#desk.route.record ?? '') ?? null;
  }

  begin = (key: string): void => {
    const { open } = this.#desk;
    if (open !== null && open.may_edit) this.#kept.set(open.view.id, new Changing(this.#desk, open, key));
  };

  end = async (key: string, announcement: string): Promise<void> => {
    this.#kept.delete(this.#desk.route.record ?? '');
    this.#desk.announcement = announcement;
    await tick();
    document.getElementById(`change-${key}`)?.focus();
  };

  /** The answer that has the focus, or else the first that may be changed. */
  beginHere(sections: AnswerSection[]): void {
    if (this.here !== null) return;
    const focused = document.activeElement?.closest<HTMLElement>('[data-answer]')?.dataset['answer'];
    const rows = sections.flatMap((section) => [...section.rows, ...section.unanswered]).filter((row) => mayChange(row));
    const row = rows.find((found) => found.key === focused) ?? rows[0];
    if (row) this.begin(row.key);
  }
}
