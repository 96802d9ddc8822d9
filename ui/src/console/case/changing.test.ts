import { beforeEach, expect, test, vi } from 'vitest';
import { Desk } from '../desk.svelte';
import { Office, session, sizedCase } from '../office';
import { Changing, choose } from './changing.svelte';

let office: Office;
let desk: Desk;
const changes = 'POST /api/v1/records/elm/changes';
const edits = () => office.sent.filter((call) => call.path.endsWith('/changes')).map((call) => call.body);

beforeEach(async () => {
  office = new Office();
  office.opens(sizedCase('elm', 'seen-1', 'car_boot'));
  desk = new Desk(session, () => 0);
  desk.route = { ...desk.route, record: 'elm' };
  await desk.reread();
});

function begin(): Changing {
  if (desk.open === null) throw new Error('no case is open');
  return new Changing(desk, desk.open, 'size');
}

test('a change says which answers its writer had seen', async () => {
  office.replies[changes] = () => ({ body: { dot: '2:1' } });
  const changing = begin();
  changing.set('small_van');
  expect(await changing.save()).toBe(true);
  expect(edits()).toEqual([{ edits: [{ field: 'size', answer: 'small_van', seen: 'seen-1' }] }]);
});

test('what the form refuses stays in the box, with its faults', async () => {
  const fault = { field: 'size', code: 'required', key: 'form.fault.required', thing: null, max: null, min: null, message: null };
  office.replies[changes] = () => ({ status: 422, body: { code: 'faults', faults: [fault] } });
  const changing = begin();
  changing.set(null);
  expect(await changing.save()).toBe(false);
  expect(changing.faults).toEqual([fault]);
});

test('an answer written meanwhile is shown beside this one, and keeping mine has then seen it', async () => {
  office.replies[changes] = () => ({ status: 409, body: { code: 'newer_answer' } });
  const changing = begin();
  changing.set('small_van');
  office.opens(sizedCase('elm', 'seen-2', 'tipper'));
  expect(await changing.save()).toBe(false);
  await vi.waitFor(() => expect(changing.newer?.map((value) => value.answer)).toEqual(['tipper']));
  office.replies[changes] = () => ({ body: { dot: '2:1' } });
  expect(await changing.keepMine()).toBe(true);
  expect(edits()[1]).toEqual({ edits: [{ field: 'size', answer: 'small_van', seen: 'seen-2' }] });
});

test('choosing between two answers is a change that has seen both', async () => {
  office.opens(sizedCase('elm', 'seen-both', 'car_boot', 'small_van'));
  await desk.reread();
  office.replies[changes] = () => ({ body: { dot: '2:1' } });
  expect(desk.open && (await choose(desk, desk.open, 'size', 'small_van'))).toBeNull();
  expect(edits()).toEqual([{ edits: [{ field: 'size', answer: 'small_van', seen: 'seen-both' }] }]);
});
