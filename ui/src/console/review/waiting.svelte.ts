/** What waits for a decision, and what was decided here a moment ago. Lines keep their places while somebody reads. */
import { reason } from '../../lib/failures';
import { approveChange, declineChange, openCase, review, type Failure } from '../../lib/server';
import { t } from '../../lib/words';
import type { FormForScreen, ReviewItem } from '../../lib/answer';
import { formless } from '../case/answers';
import type { Desk } from '../desk.svelte';
import { questionOf, shownEdits, type Shown } from './shown';

/** Taken into the record, with the questions that have two answers because of it; or left out of it, and why. */
export type Decided = { taken: true; two: string[] } | { taken: false; why: string };

export type Line = { key: string; item: ReviewItem; edits: Shown[]; decided: Decided | null; trouble: string | null };

export class Waiting {
  lines = $state.raw<Line[]>([]);
  listed = $state(false);
  busy = $state(false);
  more = $state(false);
  /** How many have come or gone since the list was read. */
  changed = $state(0);

  #desk: Desk;
  #newest: Line[] = [];

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  async read(): Promise<void> {
    if (!(await this.#ask())) return;
    this.showNew();
    this.listed = true;
  }

  /** Something happened somewhere: nothing moves, but whoever reads is told how much is new. */
  async look(): Promise<void> {
    if (!this.listed || this.busy || !(await this.#ask())) return;
    const open = new Map(this.#newest.map((line) => [line.key, line]));
    const here = new Set(this.lines.map((line) => line.key));
    // What stands now beside each is shown as it is; only coming and going waits.
    this.lines = this.lines.map((line) => (line.decided === null ? { ...line, ...fresh(open.get(line.key)) } : line));
    const gone = this.lines.filter((line) => line.decided === null && !open.has(line.key)).length;
    this.changed = gone + this.#newest.filter((line) => !here.has(line.key)).length;
  }

  showNew(): void {
    this.lines = this.#newest;
    this.changed = 0;
  }

  approve(key: string): Promise<boolean> {
    return this.#decide(key, async ({ actor, counter, record, edits }) => {
      await approveChange(actor, counter);
      const open = await openCase(record);
      const two = edits.filter((edit) => edit.answered_since && open.view.fields.some((view) => view.field === edit.field && view.values.length > 1));
      const form = open.form ?? formless(open.view);
      return { taken: true, two: two.map((edit) => questionOf(edit.field ?? '', form).title) };
    });
  }

  decline(key: string, why: string): Promise<boolean> {
    return this.#decide(key, async ({ actor, counter }) => {
      await declineChange(actor, counter, why);
      return { taken: false, why };
    });
  }

  /** True once the office's decision is written. */
  async #decide(key: string, decide: (item: ReviewItem) => Promise<Decided>): Promise<boolean> {
    const line = this.lines.find((one) => one.key === key);
    if (line === undefined || this.busy || line.decided !== null) return false;
    this.busy = true;
    let refused: Failure | null = null;
    const decided = await this.#desk.attempt(() => decide(line.item), (failure) => (refused = failure));
    this.busy = false;
    this.#put(key, decided === null ? { trouble: refused === null ? null : reason(refused) } : { decided, trouble: null });
    if (decided === null) return false;
    this.#desk.announcement = t(decided.taken ? 'console.review.taken' : 'console.review.declined', { why: decided.taken ? '' : decided.why });
    // What waited for this one to be decided may be decided now.
    await this.look();
    void this.#desk.recount();
    return true;
  }

  async #ask(): Promise<boolean> {
    const page = await this.#desk.attempt(review);
    if (page === null) return false;
    this.#newest = page.items.map((item) => lineOf(item, page.forms, this.#desk));
    this.more = page.more;
    return true;
  }

  #put(key: string, change: Partial<Line>): void {
    this.lines = this.lines.map((line) => (line.key === key ? { ...line, ...change } : line));
  }
}

function fresh(line: Line | undefined): Partial<Line> {
  return line === undefined ? {} : { item: line.item, edits: line.edits };
}

function lineOf(item: ReviewItem, forms: FormForScreen[], desk: Desk): Line {
  const form = forms.find((one) => one.key === item.form && one.version === item.form_version) ?? forms.find((one) => one.key === item.form) ?? formless(item);
  return { key: `${item.actor}.${item.counter}`, item, edits: shownEdits(item, form, desk.names), decided: null, trouble: null };
}
