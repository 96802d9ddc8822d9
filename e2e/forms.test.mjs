// A form designer, in Chromium: a workbook with two faults, the same put right, tried as on a phone, published and offered.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { wrongs } from './measures.mjs';
import { openBrowser, until } from './webdriver.mjs';
import { World, photo, shots, top } from './world.mjs';

const workbook = (name) => join(top, 'e2e/forms', name);

let world;
let screen;
let ann;

before(async () => {
  world = await World.open('forms');
  ann = await world.officer('ann@example.gov.uk');
  screen = await openBrowser(shots, { width: 1440, height: 900 });
});

after(async () => {
  await screen?.close();
  world?.close();
});

/** As a hand does it: the file is let go over the target. */
async function drop(path, name) {
  const bytes = readFileSync(path).toString('base64');
  await screen.find('file', /Drop a form here/);
  await screen.run(
    `const [content, name] = arguments;
     const carried = new DataTransfer();
     carried.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
     document.querySelector('.target').dispatchEvent(new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true }));`,
    bytes,
    name,
  );
}

async function inFrame(work) {
  const frame = await until('the form is in its frame', () => screen.run("return document.querySelector('iframe')"));
  await screen.call('POST', '/frame', { id: frame });
  try {
    return await work();
  } finally {
    await screen.call('POST', '/frame', { id: null });
  }
}

const rows = () => screen.run("return [...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))");

test('the system manager signs in and finds the forms of the council', async () => {
  await world.signsIn(screen, 'lee@example.gov.uk');
  await screen.click('link', 'Forms');
  await screen.says('Fly-tip');
  assert.deepEqual(await wrongs(screen), []);
  await screen.shot('forms-list');
});

test('a workbook with two faults is told both, by sheet, row, column and cell', async () => {
  await screen.click('link', 'Bring in a form');
  await screen.says('Drop a form here');
  assert.deepEqual(await wrongs(screen), []);
  await screen.shot('forms-drop');
  await drop(workbook('nameplate-two-faults.xlsx'), 'nameplate.xlsx');
  await screen.says('2 things stop this form');
  const told = (await rows()).filter(([weight]) => weight === 'Stops it');
  assert.deepEqual(told.map((row) => row.slice(1, 5)), [
    ['survey', '5', 'type', 'A5'],
    ['survey', '6', 'constraint', 'K6'],
  ]);
  assert.match(told[0][5], /“select_onee.*is not a type of question/);
  assert.match(told[1][5], /no function “foo”/);
  assert.deepEqual(await wrongs(screen), []);
  await screen.shot('forms-problems');
});

test('put right, it says what it asks', async () => {
  await screen.go(`${world.url}/console/#/forms/new`);
  await screen.give(/Drop a form here/, workbook('nameplate.xlsx'));
  await screen.says('What it asks');
  await screen.says('1 personal');
  await screen.says('This is the first version of this form');
  assert.deepEqual(await wrongs(screen), []);
  await screen.shot('forms-draft');
});

test('tried on a phone, it asks and refuses as it will in the street', async () => {
  await inFrame(async () => {
    await screen.says('Photos of the nameplate');
    await screen.click('button', 'Save on this device');
    await screen.says('There is a problem');
    await screen.says('Select what is wrong with it');
    await screen.give('Choose a photo', photo('kerb-barrier.jpg'));
    await until('the chosen photo is drawn', () => screen.run("return [...document.images].some((image) => image.naturalWidth > 0)"));
    await screen.choose('What is wrong with it?', 'It cannot be read');
    await screen.choose('Did somebody tell you about it?', 'Yes');
    await screen.fill('Height above the ground in centimetres', '900');
    await screen.click('button', 'Save on this device');
    await screen.says('Height must be between 1 and 500 centimetres');
    await screen.says('Enter who told you');
    assert.deepEqual(await wrongs(screen), []);
  });
  await screen.shot('forms-tried');
  await inFrame(async () => {
    await screen.fill('Height above the ground in centimetres', '3');
    await screen.fill('Who told you?', 'The baker on the corner');
    await screen.click('button', 'Save on this device');
    await screen.says('This would be saved');
  });
  await screen.shot('forms-would-be-saved');
});

test('it reads in Welsh, and on a desktop', async () => {
  await screen.run("[...document.querySelectorAll('input[name=preview-language]')].at(-1).click()");
  await inFrame(() => screen.says('Beth sydd o’i le arno?'));
  await screen.run("[...document.querySelectorAll('input[name=preview-size]')].at(-1).click()");
  await until('the frame is wide', () => screen.run("return document.querySelector('iframe').clientWidth > 700"));
  await screen.shot('forms-desktop-welsh');
});

test('it is published for a team, and stands in the list', async () => {
  await screen.click('button', /^Publish version/);
  await screen.says('Select which teams are offered it');
  assert.deepEqual(await wrongs(screen), []);
  await screen.shot('forms-publish-refused');
  await screen.choose('Which teams are offered it?', 'Wardens north');
  await screen.click('button', /^Publish version/);
  await screen.says(/Street nameplate version 1 is published/);
  const listed = await until('it stands in the list', async () =>
    (await rows()).find(([title]) => title.startsWith('Street nameplate')));
  assert.match(listed[2], /^Published since/);
  assert.equal(listed[3], 'Wardens north');
  await screen.shot('forms-published');
});

test('the warden’s device is offered it, and a withdrawn form no longer', async () => {
  const offered = async () => {
    await ann.sync();
    return (await ann.does('forms')).map(({ form }) => form);
  };
  assert.ok((await offered()).includes('street_nameplate'));
  await screen.click('link', 'Street nameplate');
  await screen.click('button', /^Withdraw/);
  await screen.says('It disappears from New on every device');
  assert.deepEqual(await wrongs(screen), []);
  await screen.shot('forms-withdraw');
  await screen.click('button', 'Withdraw it');
  await screen.says('Street nameplate version 1 is withdrawn');
  assert.ok(!(await offered()).includes('street_nameplate'));
});
