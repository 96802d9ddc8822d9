import { expect, test } from 'vitest';
import { answerText, fieldId } from './answers';
import type { Question, QuestionKind } from './form';

const question = (kind: QuestionKind, changes: Partial<Question> = {}): Question => ({
  key: 'q',
  kind,
  label: 'Q',
  hint: null,
  thing: null,
  appearance: '',
  max: null,
  merge: 'mv',
  choices: [{ name: 'small_van', label: { en: 'Small van' } }],
  ...changes,
});

test('answers read as a person would say them', () => {
  expect(answerText('small_van', question('select_one'))).toBe('Small van');
  expect(answerText(['small_van', 'gone'], question('select_multiple'))).toBe('Small van, gone');
  expect(answerText('2026-03-16', question('date'))).toBe('16 March 2026');
  expect(answerText('2026-03-16T09:12:44+00:00', question('dateTime'))).toBe('16 March 2026, 09:12');
  expect(answerText(1250, question('integer', { appearance: 'money' }))).toBe('£12.50');
  expect(answerText(true, question('acknowledge'))).toBe('Yes');
  expect(answerText(null, question('text'))).toBe('Not answered');
  expect(answerText({ redacted: true }, question('geopoint'))).toBe('Taken out by the office');
});

test('a position says how sure it is, and a pin says that it is one', () => {
  const place = { lat: 52.6285, lon: 1.292, accuracy_m: 6.2, altitude_m: null, fixed_at: '2026-03-16T09:12:40Z', source: 'gnss' as const };
  expect(answerText(place, question('geopoint'))).toBe('52.62850, 1.29200 · within 6 m');
  expect(answerText({ ...place, accuracy_m: null, source: 'pin' }, question('geopoint'))).toBe('52.62850, 1.29200 · pin placed by hand');
});

test('every key makes an id of its own that a page can use', () => {
  expect(fieldId('who/household/name@0123456789abcdef')).toMatch(/^q-[\w-]+$/);
  expect(fieldId('a/b')).not.toBe(fieldId('a_b'));
});
