/** Every question with two answers, and what was chosen here a moment ago. Lines keep their places while somebody reads. */
import { change, Failure, openCase, twoAnswers } from '../../lib/server';
import { findQuestion } from '../../lib/form';
import { reason } from '../../lib/failures';
import { ask, textOf, type Asked, type Names } from '../../lib/two/asked';
import { t } from '../../lib/words';
import type { Answer, FormForScreen, TwoAnswersLine } from '../../lib/answer';
import type { Desk } from '../desk.svelte';
import { formless } from '../case/answers';

export type Line = {
  key: string;
  found: TwoAnswersLine;
  asked: Asked;
  /** What was kept here, in words, until it is chosen again. */
  kept: string | null;
  /** Chosen before: what stands meanwhile. */
  stands: string | null;
  trouble: string | null;
};

export class Workbench {
  lines = $state.raw<Line[]>([]);
  listed = $state(false);
  busy = $state(false);
  /** How many questions have come or gone since the list was read. */
  changed = $state(0);
  next = $state<number | null>(null);

  #desk: Desk;
  #newest: Line[] = [];

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  async read(): Promise<void> {
    const page = await this.#desk.attempt(() => twoAnswers(null));
    if (page === null) return;
    this.lines = linesOf(page.lines, page.forms, this.#desk.names);
    this.next = page.next;
    this.listed = true;
    this.changed = 0;
  }

  async more(): Promise<void> {
    const page = await this.#desk.attempt(() => twoAnswers(this.next));
    if (page === null) return;
    const known = new Set(this.lines.map((line) => line.key));
    this.lines = [...this.lines, ...linesOf(page.lines, page.forms, this.#desk.names).filter((line) => !known.has(line.key))];
    this.next = page.next;
  }

  /** Something was written somewhere: nothing moves, but whoever reads is told how much is new. */
  async look(): Promise<void> {
    if (!this.listed) return;
    const page = await this.#desk.attempt(() => twoAnswers(null));
    if (page === null) return;
    this.#newest = linesOf(page.lines, page.forms, this.#desk.names);
    const open = new Set(this.#newest.map((line) => line.key));
    const here = new Set(this.lines.map((line) => line.key));
    const gone = this.lines.filter((line) => line.kept === null && line.stands === null && !open.has(line.key)).length;
    this.changed = gone + this.#newest.filter((line) => !here.has(line.key)).length;
  }

  showNew(): void {
    this.lines = this.#newest;
    this.changed = 0;
  }

  /** True once the office's choice is written. */
  async keep(key: string, answer: Answer): Promise<boolean> {
    const line = this.lines.find((one) => one.key === key);
    if (line === undefined || this.busy || !line.found.may_settle || line.kept !== null) return false;
    this.busy = true;
    let refused: Failure | null = null;
    const { record, field } = line.found;
    const edit = { field: field.field, answer, seen: field.seen };
    const done = await this.#desk.attempt(() => change(record, [edit]), (failure) => (refused = failure));
    this.busy = false;
    if (done === null) {
      if (refused !== null) this.#put(key, { trouble: reason(refused) });
      return false;
    }
    const text = textOf(answer, field.path, line.asked.question, this.#desk.names);
    this.#put(key, { kept: text, stands: null, trouble: null });
    this.#desk.announcement = t('console.two.settled', { answer: text });
    return true;
  }

  /** The answers that stood are shown again; what was chosen stands until another choice is made over it. */
  async again(key: string): Promise<void> {
    const line = this.lines.find((one) => one.key === key);
    if (line === undefined || line.kept === null) return;
    const { kept, found } = line;
    const open = await this.#desk.attempt(() => openCase(found.record));
    const seen = open?.view.fields.find((view) => view.field === found.field.field)?.seen;
    if (seen === undefined) return;
    this.#put(key, { kept: null, stands: kept, found: { ...found, field: { ...found.field, seen } } });
    this.#desk.announcement = t('console.two.undone', { answer: kept });
  }

  #put(key: string, change: Partial<Line>): void {
    this.lines = this.lines.map((line) => (line.key === key ? { ...line, ...change } : line));
  }
}

function linesOf(found: TwoAnswersLine[], forms: FormForScreen[], names: Names): Line[] {
  return found.map((line) => {
    const form = forms.find((one) => one.key === line.form && one.version === line.form_version) ?? forms.find((one) => one.key === line.form) ?? formless({ form: line.form, form_version: line.form_version });
    const asked = ask(form, line.field, names);
    return { key: `${line.record} ${line.field.field}`, found: line, asked: { ...asked, question: findQuestion(form, line.field.path) ?? null }, kept: null, stands: null, trouble: null };
  });
}
