// What a stopped device still sends waits for the office, which decides by keyboard; and a server that was put back to before a
// phone was enrolled is told of it again from the phone's own window.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { looked, wrongs } from './measures.mjs';
import { openApp, openBrowser, until } from './webdriver.mjs';
import { PIN, World, built, example, shots } from './world.mjs';

const ANN = 'ann@example.gov.uk';
const WHERE = 'more/where_text';

const reports = (officer, place) => officer.reports('fly_tip', { ...example('fly_tip'), [WHERE]: place }, ['cobbled-street.jpg']);

async function phoneOf(world) {
  const env = { KERBSIDE_VAULT: join(world.folder, ANN), KERBSIDE_KEY_STORE: 'file' };
  const phone = await openApp(built('kerbside-app'), env, shots);
  for (const figure of PIN) await phone.click('button', figure);
  await phone.click('button', 'Unlock');
  await phone.click('button', /waiting|All received|need/);
  return phone;
}

describe('a device that was stopped', () => {
  let world;
  let phone;
  let desk;
  let record;

  before(async () => {
    world = await World.open('decide');
    const line = await world.line();
    const ann = await world.officer(ANN, { pin: PIN, url: line.url });
    ({ record } = await reports(ann, 'By the bus shelter'));
    await ann.sync();
    line.cut();
    await ann.edits(record, { [WHERE]: 'In the passage behind the bus shelter' });
    await reports(ann, 'Behind the depot');
    const jo = await world.office('jo@example.gov.uk');
    await jo.answers(record, WHERE, 'On the verge beside the bus shelter');
    const [device] = await world.admin('device', 'list');
    await world.admin('device', 'revoke', device.id);
    line.mend();
    phone = await phoneOf(world);
    desk = await openBrowser(shots, { width: 1440, height: 900 });
  });

  after(async () => {
    await phone?.close();
    await desk?.close();
    world?.close();
  });

  test('is told that it is stopped, and that the office decides over what it still had', async () => {
    await phone.click('button', 'Try now');
    await phone.says('The office has stopped this device');
    await phone.says('With the office');
    await phone.says('The office is looking at it: nothing to do.');
    await looked(phone, 'decide-waits');
  });

  test('the office sees who wrote it, where, why it waits and what stands now', async () => {
    await world.signsIn(desk, 'jo@example.gov.uk');
    await desk.click('link', /^To decide 2/);
    await desk.says('W07 was stopped before it sent this');
    await desk.says(/Ann Bailey · \d\d:\d\d · on W07/);
    await desk.says('Ann Bailey wrote');
    await desk.says('On the verge beside the bus shelter');
    await desk.says('In the passage behind the bus shelter');
    await desk.says('1 question was answered since');
    await desk.says('New report');
    await desk.shot('decide-tray');
    assert.deepEqual(await wrongs(desk), []);
  });

  test('it is taken by one key, and that two answers stand because of it is said', async () => {
    await desk.press('j');
    await desk.press('1');
    await desk.says('Taken into the record');
    await desk.says('both answers stand');
    await desk.press('2');
    await desk.says('Why is it left out?');
    await desk.press('\uE007');
    await desk.says('Enter why it is left out');
    await desk.fill('Why is it left out?', 'It was reported by phone already');
    await desk.press('\uE007');
    await desk.says('Left out of the record: It was reported by phone already');
    await desk.says(/To decide\s+0/);
    await desk.shot('decide-decided');
    assert.deepEqual(await wrongs(desk), []);
  });

  test('the record says who wrote it and who took it in', async () => {
    await desk.click('link', 'Choose between them');
    await desk.says(/Ann Bailey · \d\d:\d\d · on W07 · taken in by you/);
    await desk.click('link', /^FT-/);
    await desk.says(/Ann Bailey answered .*; you took it into the record/);
    await desk.shot('decide-timeline');
  });

  test('its officer is told what was decided', async () => {
    await phone.click('button', 'Try now');
    await phone.says('The office took a change of yours into its record');
    await phone.says('Someone in the office looked at this and did not take it');
    await phone.says('The office wrote: “It was reported by phone already”');
    await looked(phone, 'decide-told');
    await phone.click('button', 'I have read this');
    await until('it is not said again', async () => !(await phone.text()).includes('took a change of yours'));
    await phone.click('button', /^Leave it to the office/);
    await phone.says('It is off your list');
  });
});

describe('a server that was put back to before a phone was enrolled', () => {
  let world;
  let phone;

  before(async () => {
    world = await World.open('again');
    const backups = join(world.folder, 'backups');
    mkdirSync(backups);
    await world.backsUp(backups);
    const ann = await world.officer(ANN, { pin: PIN });
    await reports(ann, 'By the bus shelter');
    await ann.sync();
    await reports(ann, 'Behind the depot');
    await world.restores(backups);
    phone = await phoneOf(world);
  });

  after(async () => {
    await phone?.close();
    world?.close();
  });

  test('the phone says so, and that nothing is lost', async () => {
    await phone.click('button', 'Try now');
    await phone.says('The office’s server does not know this device any more');
    await phone.says('Next try: as soon as this device is enrolled again.');
    await looked(phone, 'again-needed');
    await phone.click('button', 'Enrol this device again');
    await phone.says('Nothing you saved is lost');
    await looked(phone, 'again-asked');
  });

  test('what is wrong with an entry is said, and the phone stays open', async () => {
    await phone.click('button', 'Enrol again');
    await phone.says('Enter the code your office gave you');
    await phone.says('Enter your PIN');
    await phone.fill('Code', 'ABCD-EFGH');
    await phone.fill('Your PIN', PIN);
    await phone.click('button', 'Enrol again');
    await phone.says('There is a problem');
    await looked(phone, 'again-refused');
  });

  test('a fresh code makes it known, and all that was saved arrives', async () => {
    await phone.fill('Code', await world.code(ANN));
    await phone.fill('Your PIN', PIN);
    await phone.click('button', 'Enrol again');
    await phone.says('The office’s server was put back to an earlier day');
    await phone.says('Everything you saved has been received');
    await looked(phone, 'again-received');
    const jo = await world.office('jo@example.gov.uk');
    const { records } = await jo.reads('/api/v1/trays/arrived');
    assert.equal(records.length, 2);
  });
});
