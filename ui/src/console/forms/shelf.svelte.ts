/** The council's forms as their pages show them: what is published, and what waits to be. */
import { reason } from '../../lib/failures';
import { drafts, forms, offerForm, withdrawForm, type Failure } from '../../lib/server';
import { say, t } from '../../lib/words';
import type { Desk } from '../desk.svelte';
import type { FormDraft } from '../../lib/generated/FormDraft';
import type { FormLine } from '../../lib/generated/FormLine';
import type { FormVersion } from '../../lib/generated/FormVersion';

export class Shelf {
  lines = $state.raw<FormLine[] | null>(null);
  drafts = $state.raw<FormDraft[]>([]);
  trouble = $state<string | null>(null);
  /** What was just done, for the top of the list. */
  done = $state<string | null>(null);
  /** Files dropped on the list, for the page that brings a form in. */
  dropped = $state.raw<File[]>([]);

  constructor(private readonly desk: Desk) {}

  async read(): Promise<void> {
    const [lines, waiting] = await Promise.all([this.desk.attempt(forms, this.refused), this.desk.attempt(drafts, this.refused)]);
    if (lines !== null && waiting !== null) this.trouble = null;
    this.lines = lines ?? this.lines;
    this.drafts = waiting ?? this.drafts;
  }

  lineOf(key: string | null): FormLine | undefined {
    return this.lines?.find((line) => line.key === key);
  }

  async withdraw(line: FormLine, version: FormVersion): Promise<void> {
    const now = await this.desk.attempt(() => withdrawForm(line.key, version.version), this.refused);
    if (now !== null) this.say(t('console.forms.withdrawn_now', { form: say(line.title), version: version.version }));
    await this.read();
  }

  async offer(line: FormLine, version: FormVersion): Promise<void> {
    const now = await this.desk.attempt(() => offerForm(line.key, version.version), this.refused);
    if (now !== null) this.say(t('console.forms.offered_now', { form: say(line.title), version: version.version }));
    await this.read();
  }

  say(sentence: string): void {
    this.done = sentence;
    this.desk.announcement = sentence;
  }

  readonly refused = (failure: Failure): void => {
    this.trouble = reason(failure);
  };
}
