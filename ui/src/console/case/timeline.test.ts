import { expect, test } from 'vitest';
import type { Case, TimelineLine } from '../../lib/answer';
import { asked, formOf } from '../../lib/asking/sample';
import { moments } from './timeline';

const at = (hours: number, minutes: number) => Date.UTC(2026, 2, 16, hours, minutes);
const ANN = 1;
const JO = 2;
const SAM = 5;
const nameOf = (officer: number | string) => ({ [ANN]: 'Ann Bailey', [SAM]: 'Sam Reed' })[officer] ?? 'You';

function line(rest: Partial<TimelineLine>): TimelineLine {
  return { seq: 1, at_ms: at(9, 12), received_at_ms: at(14, 40), officer: ANN, office: false, taken_by: null, kind: 'created', field: null, from: null, to: null, dot: '1:1', ...rest };
}
function told(...timeline: TimelineLine[]): string[] {
  const open: Case = {
    view: { id: 'r', form: 'fly_tip', form_version: 1, reference: null, office_reference: null, created_at_ms: 0, created_by: ANN, status: null, teams: [], areas: [], fields: [], photos: [], notes: [], two_answers: 0, seen: 's', withdrawal: null },
    form: formOf([asked('size', { type: 'select_one', list: 'size' }, { label: { en: 'How much' } })], {
      title: { en: 'Fly-tipping' }, lists: { size: [{ name: 'car_boot', label: { en: 'Car boot' } }, { name: 'small_van', label: { en: 'Small van' } }] },
    }),
    timeline, photos_named: 0, photos_received: 0, may_edit: true, covers: [], photo_facts: [], packs: [], same: { duplicate_of: null, duplicates: [], offers: [], apart: [], references: { b: 'FT-000012' } }, may_cover: false, may_uncover: false, may_withdraw: false,
  };
  return moments(open, nameOf).map((moment) => moment.sentence);
}

test('a report made without a connection says when it was captured and how much later it came', () => {
  expect(told(line({}))).toEqual(['Captured by Ann Bailey, no connection', 'Received from Ann Bailey, 5 h 28 min later']);
});

test('what its writer might no longer do stands under their name, with whoever took it into the record', () => {
  expect(told(line({ taken_by: SAM }))).toEqual(['Captured by Ann Bailey; Sam Reed took it into the record']);
  const change = line({ seq: 2, dot: '9:1', taken_by: JO, kind: 'changed', field: 'size', from: ['car_boot'], to: 'small_van' });
  expect(told(line({ received_at_ms: at(9, 13) }), change)[1]).toBe('Ann Bailey changed “How much” from Car boot to Small van; you took it into the record');
});

test('a report that came at once is one sentence', () => {
  expect(told(line({ received_at_ms: at(9, 13) }))).toEqual(['Captured by Ann Bailey']);
});

test("the answers a report was made with are not told again as changes", () => {
  expect(told(line({ received_at_ms: at(9, 13) }), line({ kind: 'changed', field: 'size', to: 'car_boot', received_at_ms: at(9, 13) }))).toHaveLength(1);
});

test('an edit at the desk stands between capture and receipt, where it happened', () => {
  const edit = line({ seq: 2, kind: 'changed', dot: '9:1', officer: JO, office: true, field: 'size', from: ['car_boot'], to: 'small_van', at_ms: at(10, 2), received_at_ms: at(10, 2) });
  expect(told(line({}), edit)[1]).toBe('You changed “How much” from Car boot to Small van');
  expect(told(line({}), { ...edit, officer: SAM })[1]).toBe('Sam Reed, at the office, changed “How much” from Car boot to Small van');
});

test('of what is kept no longer the timeline still says who and when', () => {
  const cut = line({ seq: 2, kind: 'cut', dot: '1:2', at_ms: at(9, 20), received_at_ms: at(9, 20) });
  expect(told(line({ received_at_ms: at(9, 13) }), cut)[1]).toBe('Ann Bailey changed something; what it was is no longer kept');
});

test('first answers, cleared answers and choices each have their sentence', () => {
  const later = { officer: JO, kind: 'changed' as const, field: 'size', at_ms: at(15, 0), received_at_ms: at(15, 0) };
  const sentences = told(
    line({ received_at_ms: at(9, 13) }),
    line({ ...later, seq: 2, dot: '9:1', from: [null], to: 'small_van' }),
    line({ ...later, seq: 3, dot: '9:2', from: ['small_van'], to: null }),
    line({ ...later, seq: 4, dot: '9:3', kind: 'chose', from: ['car_boot', 'small_van'], to: 'car_boot' }),
  );
  expect(sentences.slice(1)).toEqual([
    'You answered “How much”: Small van',
    'You cleared “How much”, which was Small van',
    'You chose Car boot for “How much”, from Car boot or Small van',
  ]);
});

test('one late exchange is one arrival, however many changes it brought', () => {
  const late = { at_ms: at(9, 30), received_at_ms: at(14, 40), kind: 'changed' as const, field: 'size', from: [], to: 'car_boot' };
  const sentences = told(line({ received_at_ms: at(9, 13) }), line({ ...late, seq: 2, dot: '1:2' }), line({ ...late, seq: 3, dot: '1:3', at_ms: at(9, 40) }));
  expect(sentences.filter((sentence) => sentence.includes('received'))).toEqual(['Ann Bailey’s change received, 5 h 10 min later']);
});

test('what somebody made of another case is told with its reference, where it may be seen', () => {
  const joined = line({ seq: 2, dot: '9:1', officer: JO, office: true, kind: 'joined_to', to: 'b', at_ms: at(10, 2), received_at_ms: at(10, 2) });
  const apart = line({ seq: 3, dot: '9:2', officer: SAM, office: true, kind: 'found_apart', to: 'c', at_ms: at(10, 3), received_at_ms: at(10, 3) });
  expect(told(line({ received_at_ms: at(9, 13) }), joined, apart).slice(1)).toEqual([
    'You closed it as the same as FT-000012',
    'Sam Reed, at the office, found another case to be something else',
  ]);
});
