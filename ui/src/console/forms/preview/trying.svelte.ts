/**
 * A form that is being tried. Every answer is put to the server's own evaluation and nothing is kept: one question is under
 * way at a time, and of several answers to one field only the newest waits its turn.
 */
import type { Asking } from '../../../lib/asking/asking';
import type { Answer, Answers, Evaluation, Fault, FormAnswered, FormForScreen } from '../../../lib/answer';
import { names } from '../../../lib/answers';

export type Evaluator = {
  begin(): Promise<FormAnswered>;
  evaluate(answers: Answers, changed: string | null): Promise<FormAnswered>;
  reason(failure: unknown): string;
};

/** As long as a finger rests between two letters. */
const SETTLES_MS = 200;

export class Trying implements Asking {
  form = $state.raw<FormForScreen | null>(null);
  answers = $state<Answers>({});
  evaluation = $state.raw<Evaluation | null>(null);
  faults = $state.raw<Fault[]>([]);
  prefilled = $state.raw<ReadonlySet<string>>(new Set());
  refused = $state<string | null>(null);
  /** Saving was asked for, and nothing stood in its way. */
  passed = $state(false);
  thinking = $state(false);

  #waiting = new Set<string>();
  #settling: ReturnType<typeof setTimeout> | undefined;
  #busy: Promise<void> | null = null;

  constructor(private readonly evaluator: Evaluator) {}

  async begin(): Promise<void> {
    this.answers = {};
    this.faults = [];
    this.passed = false;
    await this.#ask(() => this.evaluator.begin(), {});
    this.prefilled = new Set(Object.keys(this.answers));
  }

  answer(field: string, json: Answer): void {
    this.answers[field] = json;
    this.faults = this.faults.filter((fault) => fault.field !== field);
    this.passed = false;
    if (this.prefilled.has(field)) this.prefilled = new Set([...this.prefilled].filter((other) => other !== field));
    this.#waiting.add(field);
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#settle(), SETTLES_MS);
  }

  photosOf(field: string): string[] {
    return names(this.answers[field]);
  }

  /** What saving would say. */
  async save(): Promise<void> {
    await this.#settle();
    const whole = await this.#ask(() => this.evaluator.evaluate({ ...this.answers }, null), { ...this.answers });
    if (!whole || this.#waiting.size > 0) return;
    this.faults = this.evaluation?.faults ?? [];
    this.passed = this.faults.length === 0;
  }

  #settle(): Promise<void> {
    clearTimeout(this.#settling);
    return (this.#busy ??= this.#work().finally(() => (this.#busy = null)));
  }

  async #work(): Promise<void> {
    for (let field = this.#next(); field !== undefined; field = this.#next()) {
      const [changed, sent] = [field, { ...this.answers }];
      await this.#ask(() => this.evaluator.evaluate(sent, changed), sent);
    }
  }

  #next(): string | undefined {
    const [field] = this.#waiting;
    if (field !== undefined) this.#waiting.delete(field);
    return field;
  }

  async #ask(call: () => Promise<FormAnswered>, sent: Answers): Promise<boolean> {
    this.thinking = true;
    try {
      this.#take(await call(), sent);
      this.refused = null;
      return true;
    } catch (failure) {
      this.refused = this.evaluator.reason(failure);
      return false;
    } finally {
      this.thinking = false;
    }
  }

  /** What the answer set off is taken over; what was typed since it was sent stays. */
  #take(tried: FormAnswered, sent: Answers): void {
    for (const field of new Set([...Object.keys(sent), ...Object.keys(tried.answers)])) {
      const [before, after] = [sent[field] ?? null, tried.answers[field] ?? null];
      if (this.#waiting.has(field) || JSON.stringify(before) === JSON.stringify(after)) continue;
      if (after === null) delete this.answers[field];
      else this.answers[field] = after;
    }
    this.evaluation = tried.evaluation;
  }
}
