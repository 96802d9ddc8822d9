// What two people did at once, on the phone's own window and in Chromium: two answers settled on either side, a report withdrawn
// while a colleague worked on it, work that was refused, and the numbers of the trust page.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { looked } from './measures.mjs';
import { openApp, openBrowser, until } from './webdriver.mjs';
import { PIN, World, built, example, shots } from './world.mjs';

const WHERE = 'more/where_text';
let world;
let line;
let phone;
let desk;
let ann;
let sam;
let office;
let records;

before(async () => {
  world = await World.open('people');
  line = await world.line();
  ann = await world.officer('ann@example.gov.uk', { pin: PIN, url: line.url });
  sam = await world.officer('sam@example.gov.uk');
  office = await world.office('jo@example.gov.uk');
  records = [];
  for (const place of ['By the bus shelter', 'Behind the flats']) {
    const saved = await ann.reports('fly_tip', { ...example('fly_tip'), [WHERE]: place }, ['cobbled-street.jpg']);
    records.push(saved.record);
  }
  await ann.sync();
  await sam.sync();
  writeFileSync(join(world.folder, 'fixes'), '');
  const env = { KERBSIDE_VAULT: join(world.folder, 'ann@example.gov.uk'), KERBSIDE_MOCK_CAMERA: '1', KERBSIDE_KEY_STORE: 'file', KERBSIDE_POSITION: `script:${join(world.folder, 'fixes')}` };
  // Ann answers with no signal while the office answers the same question.
  line.cut();
  await ann.edits(records[0], { [WHERE]: 'In the passage behind the bus shelter' });
  await office.answers(records[0], WHERE, 'On the verge beside the bus shelter');
  phone = await openApp(built('kerbside-app'), env, shots);
  desk = await openBrowser(shots, { width: 1440, height: 900 });
});

after(async () => {
  await phone?.close();
  await desk?.close();
  world?.close();
});

/** The phone hears all there is, and comes back to its list. */
async function hears() {
  await phone.click('button', 'Back');
  await phone.click('button', /waiting|All received|need/);
  await phone.click('button', 'Try now');
  await phone.says(/All received|Everything you saved has been received/);
  await phone.click('button', 'Back');
}

test('the phone says in one sentence that two answers were recorded, and by whom', async () => {
  for (const figure of PIN) await phone.click('button', figure);
  await phone.click('button', 'Unlock');
  await phone.says(/1 waiting/);
  await phone.click('button', /1 waiting/);
  await phone.says('Safe in backup');
  await looked(phone, 'people-waiting');
  line.mend();
  await phone.click('button', 'Try now');
  await phone.says('There are two answers to choose between');
  await looked(phone, 'people-needs-you');
  await phone.click('button', /^Choose/);
  await phone.says(/Two answers recorded: .*\(.*, \d\d:\d\d\) and .*\(.*, \d\d:\d\d\)\./);
  await phone.says(/In the passage behind the bus shelter \(you, \d\d:\d\d\)/);
  await phone.says(/On the verge beside the bus shelter \(Jo Ali, \d\d:\d\d\)/);
  await looked(phone, 'people-two-answers');
});

test('the office settles it by keyboard, and the phone is told what was kept until it is seen', async () => {
  await world.signsIn(desk, 'jo@example.gov.uk');
  await desk.click('link', /^Two answers/);
  await desk.says('on W07');
  await desk.says('at the office');
  await desk.shot('people-workbench');
  await desk.press('j');
  const first = await desk.run("return document.querySelector('main li li .answer').textContent");
  await desk.press(first.includes('On the verge') ? '1' : '2');
  await desk.says('You kept On the verge beside the bus shelter');
  await desk.shot('people-settled');
  await phone.click('button', 'Back');
  await phone.click('button', /waiting|All received|need/);
  await phone.click('button', 'Try now');
  await phone.click('button', 'Back');
  await phone.says('Somebody chose');
  await looked(phone, 'people-shift-outcome');
  await phone.click('button', /Somebody chose/);
  await phone.says('Jo Ali kept On the verge beside the bus shelter');
  await phone.says('Yours, In the passage behind the bus shelter, stays in the history.');
  await looked(phone, 'people-outcome');
  await phone.click('button', 'I have seen it');
  await until('it is not said again', async () => !(await phone.text()).includes('stays in the history'));
});

test('the office may choose again', async () => {
  await desk.press('u');
  await desk.says('On the verge beside the bus shelter stands until you choose again');
  const first = await desk.run("return document.querySelector('main li li .answer').textContent");
  await desk.press(first.includes('In the passage') ? '1' : '2');
  await desk.says('You kept In the passage behind the bus shelter');
  const { view } = await office.reads(`/api/v1/records/${records[0]}`);
  assert.deepEqual(view.fields.find((field) => field.field === WHERE).values.map((value) => value.answer), ['In the passage behind the bus shelter']);
});

test('a report is withdrawn with a reason, is in no list, and comes back', async () => {
  await hears();
  await phone.click('button', /FT-000001/);
  await phone.click('button', 'Withdraw this report');
  await phone.click('button', 'Withdraw it');
  await phone.says('Enter why you withdraw it');
  await looked(phone, 'people-withdraw-why');
  await phone.fill('Why?', 'Reported twice');
  await phone.click('button', 'Withdraw it');
  await phone.says('You withdrew this report');
  await looked(phone, 'people-withdrawn');
  await phone.click('button', 'Back');
  await phone.says('1 withdrawn');
  await phone.click('button', '1 withdrawn');
  await phone.click('button', /Withdrawn/);
  await phone.click('button', 'Undo: open it again');
  await until('it is open again', async () => !(await phone.text()).includes('You withdrew this report'));
});

test('a colleague who worked on it without knowing is asked, and whoever withdrew it is told', async () => {
  await hears();
  await phone.click('button', /FT-000001/);
  await sam.sync();
  await sam.edits(records[0], { [WHERE]: 'By the substation' });
  await phone.click('button', 'Withdraw this report');
  await phone.fill('Why?', 'Reported twice');
  await phone.click('button', 'Withdraw it');
  await phone.says('You withdrew this report');
  await phone.click('button', 'Back');
  await phone.click('button', /waiting|All received|need/);
  await phone.click('button', 'Try now');
  await phone.says(/All received|Everything you saved has been received/);
  await sam.sync();
  const [waiting] = await sam.does('waiting');
  assert.deepEqual(waiting.ways, ['choose']);
  await desk.click('link', /^Arrived/);
  await desk.click('link', /^Two answers/);
  await desk.says('Withdrawn, and worked on');
  await desk.says(/Ann Bailey withdrew this .* Sam Reed added to it without knowing/);
  await desk.says('Why it was withdrawn: Reported twice');
  await desk.shot('people-withdrawn-and-worked-on');
  await sam.does('resolve', records[0], '@lifecycle', '--answer', '"open"');
  await sam.sync();
  await phone.click('button', 'Try now');
  await phone.click('button', 'Back');
  await phone.click('button', /Somebody chose/);
  await phone.says('Sam Reed kept this report open');
  await looked(phone, 'people-kept-open');
});

test('the trust page shows that nothing is missing, and what stands behind each number', async () => {
  await desk.click('button', 'Sign out');
  await world.signsIn(desk, 'val@example.gov.uk');
  await desk.click('link', 'Trust');
  await desk.says('Nothing is missing');
  const numbers = await world.office('val@example.gov.uk').then((val) => val.reads('/api/v1/trust'));
  assert.equal(numbers.received, numbers.receipts_issued);
  assert.ok(6 <= numbers.received, `${numbers.received} received`);
  assert.equal(numbers.missing, 0);
  await desk.says(new RegExp(`Received\\s+${numbers.received}`));
  await desk.says('W07');
  await desk.shot('people-trust');
  await desk.click('link', /^Received/);
  await desk.says('what stands behind it');
  await desk.says(/FT-\d{6}/);
  await desk.shot('people-trust-lines');
  const metrics = await (await fetch(`${world.url}/metrics`)).text();
  assert.match(metrics, new RegExp(`kerbside_receipts_issued_total ${numbers.received}\\b`));
  assert.match(metrics, /kerbside_oldest_unsent_age_seconds\{device="W07"\} 0/);
});
