import { expect, test } from 'vitest';
import { nearText, stepped, told } from './found';

const hit = { uprn: '990000000012', usrn: '90000000', line: '12 Larkspur Way', around: 'Norwich, NR41 2AB', lat: 52.6, lon: 1.2, standing: 'approved' as const };

test('the arrows go round by way of the box', () => {
  expect([stepped(-1, 1, 3), stepped(2, 1, 3), stepped(-1, -1, 3), stepped(0, -1, 3)]).toEqual([0, -1, 2, -1]);
  expect(stepped(-1, 1, 0)).toBe(-1);
});

test('what was found is told in a sentence, and that there is nothing to search', () => {
  expect(told(null)).toBe('');
  expect(told({ is_here: true, hits: [hit] })).toBe('1 found');
  expect(told({ is_here: true, hits: [] })).toBe('Nothing like it in the gazetteer.');
  expect(told({ is_here: false, hits: [] })).toBe('No gazetteer is on this device yet. Type the address in full.');
});

test('the nearest address is told with how far it is', () => {
  expect(nearText({ hit, metres: 14, street: 'Larkspur Way' })).toBe('near 12 Larkspur Way, 14 m');
  expect(nearText(null)).toBe('');
});
