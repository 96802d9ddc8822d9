import { expect, test } from 'vitest';
import { againFaults, enrolFaults } from './enrol';

const good = { server: 'https://kerbside.example.gov.uk', code: 'ABCD-EFGH', pin: '271828', again: '271828' };

test('good entries have no faults', () => {
  expect(enrolFaults(good)).toEqual([]);
});

test('each entry says what is the matter with it', () => {
  const faults = enrolFaults({ server: 'kerbside', code: ' ', pin: '12345', again: '54321' });
  expect(faults.map((fault) => fault.sentence)).toEqual([
    'The address must start with https:// or http://',
    'Enter the code your office gave you',
    'PIN must be 6 figures or more',
    'The two PINs must be the same',
  ]);
});

test('to enrol again takes a code and the PIN; the address only where it is another', () => {
  expect(againFaults({ server: '', code: 'ABCD-EFGH', pin: '294817' })).toEqual([]);
  expect(againFaults({ server: ' ', code: ' ', pin: '' }).map((fault) => fault.field)).toEqual(['code', 'pin']);
  expect(againFaults({ server: 'council', code: 'ABCD-EFGH', pin: '294817' }).map((fault) => fault.field)).toEqual(['server']);
});
