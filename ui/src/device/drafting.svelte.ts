/** One draft on the screen. Every keystroke goes to the vault; of several to one field only the newest waits its turn. */
import type { Asking } from '../lib/asking/asking';
import { layOut } from '../lib/asking/spine';
import type { Capture, PhotoFrom } from '../lib/capture';
import { reason } from '../lib/failures';
import * as native from '../lib/native';
import type { Hit } from '../lib/generated/Hit';
import type { Compared } from '../lib/generated/Compared';
import type { Nearby } from '../lib/generated/Nearby';
import type { SaveOutcome } from '../lib/generated/SaveOutcome';
import type { Answer, Answered, Answers, Draft, Evaluation, Fault, FormForScreen } from '../lib/answer';
import { grounds } from './ground';
import { photoUrl } from './pictures';
import { phone } from './phone.svelte';

export class Drafting implements Asking {
  draft = $state.raw<Draft | null>(null);
  answers = $state<Answers>({});
  evaluation = $state.raw<Evaluation | null>(null);
  faults = $state.raw<Fault[]>([]);
  prefilled = $state.raw<ReadonlySet<string>>(new Set());
  refused = $state<string | null>(null);
  keeping = $state(false);
  /** The question whose camera is open now. */
  camera = $state<string | null>(null);

  #waiting = new Map<string, Answer>();
  #busy: Promise<void> | null = null;

  constructor(private readonly id: string) {}

  get form(): FormForScreen | null {
    return this.draft?.form ?? null;
  }

  async open(): Promise<void> {
    try {
      this.#take(await native.openDraft(this.id));
    } catch (failure) {
      this.refused = reason(failure);
    }
  }

  answer(field: string, json: Answer): void {
    this.answers[field] = json;
    this.faults = this.faults.filter((fault) => fault.field !== field);
    if (this.prefilled.has(field)) this.prefilled = new Set([...this.prefilled].filter((other) => other !== field));
    this.#waiting.set(field, json);
    this.#busy ??= this.#keep();
  }

  /** Open reports around a new one that could be sent as it is; null where there are none. */
  async nearby(): Promise<Nearby | null> {
    await this.#busy;
    if (this.draft === null || this.draft.record !== null || (this.evaluation?.faults ?? []).length > 0) return null;
    const nearby = await native.nearby(this.id);
    return nearby.reports.length > 0 ? nearby : null;
  }

  async save(compared: Compared): Promise<SaveOutcome> {
    await this.#busy;
    const outcome = await native.saveDraft(this.id, compared);
    if ('faults' in outcome) this.faults = outcome.faults;
    return outcome;
  }

  async discard(): Promise<void> {
    await this.#busy;
    await native.discardDraft(this.id);
  }

  photosOf(field: string): string[] {
    return this.draft?.photos.filter((photo) => photo.field === field).map((photo) => photo.sha256) ?? [];
  }

  /** What the fields of this draft may ask of the phone. */
  capture(fresh: boolean): Capture {
    return {
      opensAt: (field) => fresh && field === this.#first(),
      photoUrl,
      photograph: (field, file, from) => this.#photograph(field, file, from),
      attached: (field) => this.draft?.photos.filter((photo) => photo.field === field) ?? [],
      choices: (field, sought, limit) => native.choices(this.id, field, sought, limit),
      addresses: native.searchAddresses,
      nearest: native.nearestAddress,
      chooseAddress: (field, hit) => this.#chooseAddress(field, hit),
      telephone: (key) => this.draft?.phones[key],
      cameraOpens: (field, way) => this.#cameraOpens(field, way),
      cameraShut: (field) => this.#cameraShut(field),
      removePhoto: (field, sha256) => this.#removePhoto(field, sha256),
      fix: native.position,
      gridReference: native.gridReference,
      areasAt: native.areasAt,
      maps: async () => grounds(await native.maps()),
      reason,
      now: () => Date.now(),
    };
  }

  async #keep(): Promise<void> {
    this.keeping = true;
    for (let next = this.#next(); next !== null; next = this.#next()) {
      const [field, json] = next;
      try {
        this.#show(await native.answer(this.id, field, json));
        this.refused = null;
      } catch (failure) {
        this.refused = reason(failure);
      }
    }
    this.keeping = false;
    this.#busy = null;
  }

  /** What an answer set off is shown too, unless somebody has typed over it meanwhile. */
  #show({ evaluation, set_off }: Answered): void {
    this.evaluation = evaluation;
    for (const [field, json] of Object.entries(set_off)) {
      if (!this.#waiting.has(field)) this.answers[field] = json;
    }
  }

  #next(): [string, Answer] | null {
    for (const entry of this.#waiting) {
      this.#waiting.delete(entry[0]);
      return entry;
    }
    return null;
  }

  #first(): string | undefined {
    if (this.draft === null) return undefined;
    return layOut(this.draft.form, this.draft.evaluation, this.draft.answers)[0]?.fields[0]?.field;
  }

  /** What is still on its way to the vault goes first, so that it does not overtake what was chosen. */
  async #chooseAddress(field: string, hit: Hit | null): Promise<void> {
    await this.#busy;
    this.#show(await native.chooseAddress(this.id, field, hit?.uprn ?? null, hit?.usrn ?? null));
    this.faults = this.faults.filter((fault) => fault.field !== field);
  }

  async #photograph(field: string, file: Blob, from: PhotoFrom) {
    const fix = await native.position();
    const line = await native.photograph(this.id, field, new Uint8Array(await file.arrayBuffer()), from, fix, file instanceof File ? file.name : '');
    await this.#reread(field);
    return line;
  }

  async #cameraOpens(field: string, way: PhotoFrom): Promise<void> {
    await this.#busy;
    this.camera = field;
    await native.cameraOpens(this.id, field, way);
  }

  async #cameraShut(field: string): Promise<void> {
    await native.cameraShut(this.id, field);
    if (this.camera === field) this.camera = null;
  }

  /** A photo was added from outside the form. */
  async reread(field: string): Promise<void> {
    await this.#reread(field);
  }

  async #removePhoto(field: string, sha256: string): Promise<void> {
    await native.removePhoto(this.id, field, sha256);
    await this.#reread(field);
  }

  /** Photos change what the vault holds of the draft, and nothing that is being typed. */
  async #reread(field: string): Promise<void> {
    const newest = await native.openDraft(this.id);
    this.draft = newest;
    this.evaluation = newest.evaluation;
    this.faults = this.faults.filter((fault) => fault.field !== field);
    void phone.refresh();
  }

  #take(draft: Draft): void {
    this.draft = draft;
    this.answers = { ...draft.answers };
    this.evaluation = draft.evaluation;
    this.prefilled = new Set(draft.prefilled);
  }
}
