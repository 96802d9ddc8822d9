import { expect, test } from 'vitest';
import type { Answers } from '../answer';
import { added, copied, heading, newRow, reordered, takenOut } from './rows';
import { asked, evaluationOf, formOf } from './sample';
import { layOut } from './spine';

const form = formOf([
  asked('rooms', { type: 'repeat', max: 8, counted: false }),
  asked('rooms/name', { type: 'text', max: 80 }, { repeat: 'rooms' }),
  asked('rooms/photos', { type: 'image', min: 0, max: 6, max_pixels: null, quality: null }, { repeat: 'rooms' }),
  asked('rooms/damp', { type: 'select_one', list: 'yes_no' }, { repeat: 'rooms' }),
  asked('rooms/walls', { type: 'repeat', max: 8, counted: false }, { repeat: 'rooms' }),
  asked('rooms/walls/reading', { type: 'decimal' }, { repeat: 'rooms/walls' }),
], { lists: { yes_no: [{ name: 'yes', label: { en: 'Yes' } }] } });

const answers: Answers = {
  rooms: ['a', 'b'],
  'rooms/name@a': 'Kitchen',
  'rooms/damp@a': 'yes',
  'rooms/photos@a': ['f'.repeat(64)],
  'rooms/walls@a': ['w'],
  'rooms/walls/reading@w': '18.5',
  'rooms/name@b': 'Hall',
};

test('a new row has an id of its own and stands last', () => {
  expect(newRow()).toMatch(/^[0-9a-f]{16}$/);
  expect(added(answers, 'rooms', 'c')).toEqual([['rooms', ['a', 'b', 'c']]]);
});

test('a row that was taken out keeps what was typed in it, and comes back by its id', () => {
  const writes = takenOut(answers, 'rooms', 'a');
  expect(writes).toEqual([['rooms', ['b']]]);
  expect(added({ ...answers, ...Object.fromEntries(writes) }, 'rooms', 'a')).toEqual([['rooms', ['b', 'a']]]);
});

test('a row moves by one place, in an answer of its own', () => {
  expect(reordered('rooms', ['a', 'b', 'c'], 'c', -1)).toEqual([['@order/rooms', ['a', 'c', 'b']]]);
  expect(reordered('rooms/walls@a', ['w', 'x'], 'w', 1)).toEqual([['@order/rooms/walls@a', ['x', 'w']]]);
});

test('a copy stands right after its original with the same answers, the rows within it too, and none of its photos', () => {
  const ids = ['copy', 'wall'];
  const writes = copied(form, answers, { field: 'rooms', rows: ['a', 'b'] }, 'a', () => ids.shift() ?? '');
  expect(Object.fromEntries(writes)).toEqual({
    'rooms/name@copy': 'Kitchen',
    'rooms/damp@copy': 'yes',
    'rooms/walls@copy': ['wall'],
    'rooms/walls/reading@wall': '18.5',
    rooms: ['a', 'b', 'copy'],
    '@order/rooms': ['a', 'copy', 'b'],
  });
});

test('a folded row is known by its first two answers', () => {
  const visible = ['rooms', 'rooms/name@a', 'rooms/photos@a', 'rooms/damp@a'];
  const row = layOut(form, evaluationOf(visible, { rows: { rooms: ['a'] } }), answers)[0]?.repeat?.rows[0];
  expect(row === undefined ? '' : heading(row, answers)).toBe('Kitchen · Yes');
});
