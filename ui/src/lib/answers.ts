/** Answers as a person reads them. */
import type { Choice, Question } from './form';
import type { Answer, Corner, PlaceAnswer, TakenOutAnswer } from './answer';
import { currentLanguage, say, t } from './words';

export function isPlace(answer: Answer | undefined): answer is PlaceAnswer {
  return typeof answer === 'object' && answer !== null && 'lat' in answer;
}

/** Whether the office took it out for good: nobody answers there any more than if nobody had. */
export function isTakenOut(answer: Answer | undefined): answer is TakenOutAnswer {
  return typeof answer === 'object' && answer !== null && 'redacted' in answer;
}

/** The names of an answer that is several: choices, rows, photos. */
export function names(answer: Answer | undefined): string[] {
  return Array.isArray(answer) ? answer.filter((entry) => typeof entry === 'string') : [];
}

/** The corners of a line or an outline. */
export function corners(answer: Answer | undefined): Corner[] {
  return Array.isArray(answer) ? answer.filter((entry) => typeof entry !== 'string') : [];
}

export function isEmpty(answer: Answer | undefined): boolean {
  return answer === null || answer === undefined || answer === '' || isTakenOut(answer) || (Array.isArray(answer) && answer.length === 0);
}

export function answerText(answer: Answer | undefined, question: Question | undefined): string {
  if (isTakenOut(answer)) return t('form.taken_out');
  if (answer === null || answer === undefined || isEmpty(answer)) return t('form.no_answer');
  if (isPlace(answer)) return placeText(answer);
  if (Array.isArray(answer)) {
    if (question?.kind === 'image') return t('form.photos', { n: answer.length });
    if (question?.kind === 'file') return t('form.files', { n: answer.length });
    if (corners(answer).length > 0) return t('form.line.points', { n: answer.length });
    return names(answer).map((name) => choiceText(name, question?.choices ?? [])).join(', ');
  }
  if (typeof answer === 'boolean') return t(answer ? 'form.yes' : 'form.no');
  if (typeof answer === 'number') return numberText(answer, question);
  switch (question?.kind) {
    case 'select_one':
      return choiceText(answer, question.choices);
    case 'rank':
      return answer.split(' ').map((name, index) => `${index + 1}. ${choiceText(name, question.choices)}`).join(', ');
    case 'date':
      return dateText(answer);
    case 'dateTime':
      return dateTimeText(answer);
    default:
      return answer;
  }
}

/** `52.62850, 1.29200`: five places are about a metre. */
export function latLon(place: PlaceAnswer): string {
  return `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}`;
}

export function accuracyText(place: PlaceAnswer): string {
  if (place.source === 'pin') return t('form.place.pin');
  if (place.source === 'gazetteer') return t('form.place.listed');
  return place.accuracy_m === null ? '' : t('form.place.accuracy', { metres: Math.max(1, Math.round(place.accuracy_m)) });
}

export function placeText(place: PlaceAnswer): string {
  return [latLon(place), accuracyText(place)].filter((part) => part !== '').join(' · ');
}

/** Whether a question of a form asks to be shown in this way; an appearance may name several. */
export function looks(question: { appearance: string }, ...ways: string[]): boolean {
  const asked = question.appearance.split(/\s+/);
  return ways.some((way) => asked.includes(way));
}

export function isPlate(question: Question): boolean {
  return looks(question, 'plate', 'vrm');
}

export function isMoney(question: Question): boolean {
  return looks(question, 'money', 'pence');
}

/** The id of a question's control on the page, and what an error summary links to. */
export function fieldId(key: string): string {
  return `q-${key.replace(/[^\w-]/g, '-')}`;
}

function choiceText(name: string, choices: Choice[]): string {
  const choice = choices.find((candidate) => candidate.name === name);
  return choice === undefined ? name : say(choice.label);
}

function numberText(answer: number, question: Question | undefined): string {
  if (question === undefined || !isMoney(question)) return String(answer);
  return new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'GBP' }).format(answer / 100);
}

function locale(): string {
  return currentLanguage() === 'cy' ? 'cy-GB' : 'en-GB';
}

function dateText(answer: string): string {
  const date = new Date(`${answer}T12:00:00Z`);
  if (Number.isNaN(date.getTime())) return answer;
  return new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(date);
}

function dateTimeText(answer: string): string {
  const [date, time] = answer.split('T');
  return date === undefined || time === undefined ? answer : `${dateText(date)}, ${time.slice(0, 5)}`;
}
