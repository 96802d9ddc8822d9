/** One answer being changed: what is typed, what the form says of it, and what somebody else wrote meanwhile. */
import { change, evaluate, Failure } from '../../lib/server';
import type { Answer, Case, Evaluation, Fault, ValueView } from '../../lib/answer';
import type { Desk } from '../desk.svelte';
import { provisionalAnswers } from './answers';

export class Changing {
  readonly key: string;
  answer = $state.raw<Answer>(null);
  evaluation = $state.raw<Evaluation | null>(null);
  faults = $state.raw<Fault[]>([]);
  refused = $state.raw<Failure | null>(null);
  /** Answers written since this change was begun; while there are any, the officer is asked which to keep. */
  newer = $state.raw<ValueView[] | null>(null);
  saving = $state(false);

  #desk: Desk;
  #begun: Case;
  #seen: string;
  #asked = 0;

  constructor(desk: Desk, open: Case, key: string) {
    this.#desk = desk;
    this.#begun = open;
    this.key = key;
    this.answer = provisionalAnswers(open.view)[key] ?? null;
    this.#seen = seenOf(open, key);
    void this.#ask();
  }

  set(answer: Answer): void {
    this.answer = answer;
    this.faults = [];
    void this.#ask();
  }

  /** True once the server has it. */
  async save(): Promise<boolean> {
    if (this.saving) return false;
    this.saving = true;
    this.faults = [];
    this.refused = null;
    const edit = { field: this.key, answer: this.answer, seen: this.#seen };
    const saved = await this.#desk.attempt(() => change(this.#begun.view.id, [edit]), (failure) => void this.#take(failure));
    if (saved) await this.#desk.reread();
    this.saving = false;
    return saved !== null;
  }

  /** Having seen the newer answer, the officer keeps this one. */
  keepMine(): Promise<boolean> {
    this.newer = null;
    return this.save();
  }

  async #take(failure: Failure): Promise<void> {
    if (failure.code === 'newer_answer') return this.#readNewer();
    this.refused = failure;
    this.faults = failure.faults;
  }

  async #readNewer(): Promise<void> {
    await this.#desk.reread();
    const open = this.#desk.open;
    if (open === null) return;
    this.#begun = open;
    this.#seen = seenOf(open, this.key);
    this.newer = open.view.fields.find((view) => view.field === this.key)?.values ?? [];
  }

  async #ask(): Promise<void> {
    const asked = (this.#asked += 1);
    const { view, form } = this.#begun;
    const answers = { ...provisionalAnswers(view), [this.key]: this.answer };
    const found = await this.#desk.attempt(() => evaluate(form.key, form.version, answers, this.key));
    if (found && asked === this.#asked) this.evaluation = found;
  }
}

export function seenOf(open: Case, key: string): string {
  return open.view.fields.find((view) => view.field === key)?.seen ?? '';
}

/** Chooses between answers: a change that has seen them all. */
export async function choose(desk: Desk, open: Case, key: string, answer: Answer): Promise<Failure | null> {
  let refused: Failure | null = null;
  const edit = { field: key, answer, seen: seenOf(open, key) };
  await desk.attempt(() => change(open.view.id, [edit]), (failure) => (refused = failure));
  await desk.reread();
  return refused;
}
