/** What happened to a record, as sentences in the order they happened: capture by the device's clock, receipt by ours. */
import { answerText, isEmpty } from '../../lib/answers';
import { findQuestion } from '../../lib/form';
import { span } from '../../lib/time';
import type { Answer, Case, TimelineLine } from '../../lib/answer';
import { say, t } from '../../lib/words';
import { cameLate } from '../trays/age';

export interface Moment {
  key: string;
  at: number;
  sentence: string;
  /** A late arrival is drawn apart from what people did. */
  arrival: boolean;
}

/** What is told of another case. */
const OF_OTHERS = {
  joined_to: 'console.timeline.joined_to',
  parted_from: 'console.timeline.parted_from',
  took_in: 'console.timeline.took_in',
  let_go: 'console.timeline.let_go_of',
  found_apart: 'console.timeline.found_apart',
  asked_again: 'console.timeline.asked_again',
} as const;

export type NameOf = (officer: number | string) => string;

export function moments(open: Case, nameOf: NameOf): Moment[] {
  const created = open.timeline.find((line) => line.kind === 'created');
  const told = open.timeline.filter((line) => line === created || line.dot !== created?.dot);
  const done = told.map((line, index) => ({ key: `${line.seq}-${line.kind}-${index}`, at: line.at_ms, sentence: takenIn(line, sentenceFor(line, open, nameOf), nameOf), arrival: false }));
  return [...done, ...arrivals(told, nameOf)].sort((a, b) => a.at - b.at);
}

/** One sentence for each exchange that brought something late, however many changes it brought. */
function arrivals(lines: TimelineLine[], nameOf: NameOf): Moment[] {
  const earliest = new Map<string, TimelineLine>();
  for (const line of lines.filter((late) => late.taken_by === null && cameLate(late.at_ms, late.received_at_ms))) {
    const key = `${line.officer}-${Math.floor(line.received_at_ms / 60_000)}`;
    const known = earliest.get(key);
    if (!known || line.at_ms < known.at_ms) earliest.set(key, line);
  }
  return [...earliest.values()].map((line) => ({
    key: `received-${line.seq}`,
    at: line.received_at_ms,
    sentence: t(line.kind === 'created' ? 'console.timeline.received' : 'console.timeline.received_change', {
      who: nameOf(line.officer),
      gap: span(line.received_at_ms - line.at_ms),
    }),
    arrival: true,
  }));
}

/** What its writer might no longer do stands under their name, with whoever took it. */
function takenIn(line: TimelineLine, sentence: string, nameOf: NameOf): string {
  if (line.taken_by === null) return sentence;
  const name = nameOf(line.taken_by);
  return t('console.timeline.taken_in', { sentence, who: name === t('console.you') ? t('form.two.you') : name });
}

function sentenceFor(line: TimelineLine, open: Case, nameOf: NameOf): string {
  const name = nameOf(line.officer);
  const who = line.office && name !== t('console.you') ? t('console.timeline.at_the_office', { who: name }) : name;
  switch (line.kind) {
    case 'created':
      return t(line.taken_by === null && cameLate(line.at_ms, line.received_at_ms) ? 'console.timeline.captured_late' : 'console.timeline.captured', { who });
    case 'photo':
      return t('console.timeline.photo', { who });
    case 'note':
      return t('console.timeline.note', { who });
    case 'cut':
      return t('console.timeline.cut', { who });
    case 'joined_to':
    case 'parted_from':
    case 'took_in':
    case 'let_go':
    case 'found_apart':
    case 'asked_again':
      return t(OF_OTHERS[line.kind], { who, other: open.same.references[String(line.to)] ?? t('console.timeline.other_case') });
    case 'changed':
    case 'chose':
      return changeSentence(line, open, who);
  }
}

function changeSentence(line: TimelineLine, open: Case, who: string): string {
  if (line.field === '@lifecycle') return lifecycleSentence(line, who);
  const question = findQuestion(open.form, line.field ?? '');
  const words = (answer: Answer | undefined) => answerText(answer, question);
  const from = (line.from ?? []).filter((answer) => !isEmpty(answer));
  const params = { who, question: question ? say(question.label) : fieldName(line.field), from: from.map(words).join(t('console.timeline.or')), to: words(line.to) };
  if (line.kind === 'chose') return t('console.timeline.chose', params);
  if (isEmpty(line.to)) return t('console.timeline.cleared', params);
  return t(from.length === 0 ? 'console.timeline.answered' : 'console.timeline.changed', params);
}

function lifecycleSentence(line: TimelineLine, who: string): string {
  const asked = (line.from ?? []).length > 1;
  if (line.to === 'deleted') return t(asked ? 'console.timeline.let_go' : 'console.timeline.withdrew', { who });
  return t(asked ? 'console.timeline.kept_open' : 'console.timeline.opened', { who });
}

/** `@team`, `@area` and `@status` have names of their own; a question this form does not know is called by its key. */
function fieldName(field: string | null | undefined): string {
  if (field === '@team') return t('console.case.team');
  if (field === '@area') return t('console.case.area');
  if (field === '@status') return t('console.case.status');
  return field ?? '';
}
