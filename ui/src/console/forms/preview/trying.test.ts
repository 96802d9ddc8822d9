import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Answers, Fault, FormAnswered } from '../../../lib/answer';
import { evaluationOf } from '../../../lib/asking/sample';
import { previewHash, previewOf } from './address';
import { localPhotos } from './photos';
import { Trying } from './trying.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MISSING: Fault = { field: 'size', code: 'required', key: 'form.required.select', thing: null, max: null, min: null, message: null };

/** The office's end: what it was asked, and answers that come when they are let go. */
class Bench {
  readonly asked: { answers: Answers; changed: string | null }[] = [];
  readonly #held: (() => void)[] = [];
  holds = false;
  fails = false;
  sets: (answers: Answers, changed: string | null) => Answers = (answers) => answers;

  readonly trying = new Trying({
    begin: () => Promise.resolve({ answers: { seen_on: '2026-11-25' }, evaluation: evaluationOf(['size']) }),
    evaluate: async (answers, changed) => {
      this.asked.push({ answers, changed });
      if (this.holds) await new Promise<void>((go) => this.#held.push(go));
      if (this.fails) throw new Error('silence');
      return this.#reply(answers, changed);
    },
    reason: () => 'No answer from the server',
  });

  #reply(answers: Answers, changed: string | null): FormAnswered {
    const faults = answers['size'] === undefined ? [MISSING] : [];
    return { answers: this.sets(answers, changed), evaluation: evaluationOf(['size'], { faults }) };
  }

  async letGo(): Promise<void> {
    this.#held.shift()?.();
    await vi.advanceTimersByTimeAsync(0);
  }
}

const rested = () => vi.advanceTimersByTimeAsync(250);

test('letters typed one after another are one question to the server, about the newest', async () => {
  const bench = new Bench();
  for (const words of ['b', 'bl', 'blue']) bench.trying.answer('colour', words);
  await rested();
  expect(bench.asked).toEqual([{ answers: { colour: 'blue' }, changed: 'colour' }]);
});

test('two fields changed together are told one after the other, so that what each sets off is set off', async () => {
  const bench = new Bench();
  bench.trying.answer('colour', 'blue');
  bench.trying.answer('size', 'small');
  await rested();
  expect(bench.asked.map(({ changed }) => changed)).toEqual(['colour', 'size']);
});

test('what an answer set off is taken over, and what was typed meanwhile stays', async () => {
  const bench = new Bench();
  bench.holds = true;
  bench.sets = (answers) => ({ ...answers, reference: 'made', colour: 'from the office' });
  bench.trying.answer('size', 'small');
  await rested();
  bench.trying.answer('colour', 'typed meanwhile');
  await bench.letGo();
  expect(bench.trying.answers).toEqual({ size: 'small', reference: 'made', colour: 'typed meanwhile' });
});

test('saving says what is missing, and passes once it is there', async () => {
  const bench = new Bench();
  await bench.trying.save();
  expect(bench.trying.faults).toEqual([MISSING]);
  expect(bench.trying.passed).toBe(false);
  bench.trying.answer('size', 'small');
  expect(bench.trying.faults).toEqual([]);
  await bench.trying.save();
  expect(bench.trying.passed).toBe(true);
});

test('an answer after saving takes back that it would be saved', async () => {
  const bench = new Bench();
  bench.trying.answer('size', 'small');
  await bench.trying.save();
  bench.trying.answer('size', null);
  expect(bench.trying.passed).toBe(false);
});

test('silence is said, nothing typed is lost, and nothing passes', async () => {
  const bench = new Bench();
  bench.fails = true;
  bench.trying.answer('size', 'small');
  await bench.trying.save();
  expect(bench.trying.refused).toBe('No answer from the server');
  expect(bench.trying.answers).toEqual({ size: 'small' });
  expect(bench.trying.passed).toBe(false);
});

test('beginning again throws the answers away and knows which the form gave itself', async () => {
  const bench = new Bench();
  bench.trying.answer('size', 'small');
  await rested();
  await bench.trying.begin();
  expect(bench.trying.answers).toEqual({ seen_on: '2026-11-25' });
  expect([...bench.trying.prefilled]).toEqual(['seen_on']);
  bench.trying.answer('seen_on', '2026-11-24');
  expect([...bench.trying.prefilled]).toEqual([]);
});

test('a chosen photo is an answer that is shown, and can be taken out', async () => {
  const { trying } = new Bench();
  const photos = localPhotos(trying);
  const line = await photos.photograph?.('photos', new File(['jpeg'], 'kerb.jpg'), 'gallery');
  expect(trying.photosOf('photos')).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(photos.attached?.('photos').map(({ name, bytes }) => [name, bytes])).toEqual([['kerb.jpg', 4]]);
  expect(await photos.photoUrl(line?.sha256 ?? '', 'thumb')).toMatch(/^blob:/);
  await photos.removePhoto?.('photos', line?.sha256 ?? '');
  expect(trying.answers['photos']).toBeNull();
});

test('the frame’s address names the draft and its language', () => {
  expect(previewOf(previewHash({ draft: 'a/b', language: 'cy' }))).toEqual({ draft: 'a/b', language: 'cy' });
  expect(previewOf('#/forms')).toBeNull();
});
