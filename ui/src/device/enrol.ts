/** What stands between the enrolment page and the office, before anything is sent. An unlock by a fresh code has no address. */
import { t, type Word } from '../lib/words';

export type EnrolField = 'server' | 'code' | 'pin' | 'again';
export type EnrolEntries = Record<Exclude<EnrolField, 'server'>, string> & { server?: string };

const SHORTEST_PIN = 6;

export function enrolFaults(entries: EnrolEntries): { field: EnrolField; sentence: string }[] {
  const faults: [EnrolField, Word | null][] = [
    ['server', entries.server === undefined ? null : serverFault(entries.server.trim())],
    ['code', entries.code.trim() === '' ? 'device.enrol.code_missing' : null],
    ['pin', pinFault(entries.pin)],
    ['again', entries.pin === entries.again ? null : 'device.enrol.again_differs'],
  ];
  return faults.flatMap(([field, word]) => (word === null ? [] : [{ field, sentence: t(word) }]));
}

/** The same where the device keeps its PIN, and mostly the address of its office. */
export function againFaults(entries: { server: string; code: string; pin: string }): { field: EnrolField; sentence: string }[] {
  const server = entries.server.trim();
  const faults: [EnrolField, Word | null][] = [
    ['code', entries.code.trim() === '' ? 'device.enrol.code_missing' : null],
    ['pin', entries.pin === '' ? 'device.again.pin_missing' : null],
    ['server', server === '' ? null : serverFault(server)],
  ];
  return faults.flatMap(([field, word]) => (word === null ? [] : [{ field, sentence: t(word) }]));
}

function serverFault(server: string): Word | null {
  if (server === '') return 'device.enrol.server_missing';
  return /^https?:\/\/[^\s/]+/.test(server) ? null : 'device.enrol.server_shape';
}

function pinFault(pin: string): Word | null {
  if (pin === '') return 'device.enrol.pin_missing';
  if (!/^\d+$/.test(pin)) return 'device.enrol.pin_figures';
  return pin.length < SHORTEST_PIN ? 'device.enrol.pin_short' : null;
}
