// Every kind of question: answered in the app's own window, received by the office, and laid out in Chromium as a small
// phone and as a desktop.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { measure, wrongs } from './measures.mjs';
import { openApp, openBrowser, until } from './webdriver.mjs';
import { World, built, shots, top } from './world.mjs';

const STREETS = 10_000;
let world;
let screen;
let file;

before(async () => {
  world = await World.open('kinds');
  const form = JSON.parse(readFileSync(join(top, 'e2e/forms/every-kind.json'), 'utf8'));
  for (let at = 0; at < STREETS; at += 1) form.choices.push({ list_name: 'street', name: `s${at}`, label: { en: `${at} Example Road` } });
  file = join(world.folder, 'every_kind.json');
  writeFileSync(file, JSON.stringify(form));
  const [published] = await world.brings(file, 'wardens-north');
  assert.equal(published.state, 'published');
  const fixes = join(world.folder, 'fixes');
  writeFileSync(fixes, JSON.stringify({ lat: 52.62901, lon: 1.29233, accuracy_m: 6 }));
  const env = { KERBSIDE_VAULT: join(world.folder, 'app'), KERBSIDE_MOCK_CAMERA: '1', KERBSIDE_POSITION: `script:${fixes}` };
  screen = await openApp(built('kerbside-app'), env, shots);
  await world.enrols(screen, 'ann@example.gov.uk');
  await screen.click('button', 'Every kind');
  await screen.says('What is it called?');
});

after(async () => {
  await screen?.close();
  world?.close();
});

test('every kind is laid out for a thumb and a screen reader', async () => {
  assert.deepEqual(await measure(screen), []);
  await screen.shot('kinds-app');
});

test('words are said back, and numbers go up and down', async () => {
  await screen.fill('What is it called?', 'Elm Court');
  await screen.says('You said Elm Court.');
  await screen.fill('How many bags?', '3');
  await screen.click('button', 'More: How bad is it?');
  await screen.click('button', 'More: How bad is it?');
  await screen.says('0.5');
});

test('a street is found among ten thousand', async () => {
  await screen.fill(/Search 10,?000 choices/, '9876 exam');
  await screen.choose('Which street?', '9876 Example Road');
  await screen.shot('kinds-search');
});

test('choices are put in order, and rows are added, copied, moved and brought back', async () => {
  await screen.click('button', 'Move Red down');
  await screen.says('Red is now 2 of 3');
  await screen.click('button', 'Add: Room');
  await screen.says('1 of 4');
  await screen.click('button', 'Copy');
  await screen.says('2 of 4');
  await screen.run("[...document.querySelectorAll('button')].filter((button) => button.textContent.trim() === 'Take out').at(-1).click()");
  await screen.says('1 of 4');
  await screen.click('button', 'Put it back');
  await screen.says('2 of 4');
  await screen.shot('kinds-rows');
});

test('a recording is kept by its name, and a line is walked', async () => {
  const sound = join(world.folder, 'meeting.mp3');
  writeFileSync(sound, Buffer.from('ID3\u0004 and the rest of it'));
  await screen.run("document.querySelector('input[type=file][accept*=audio]').id ||= 'sound'");
  const input = await until('there is a way to choose a recording', () => screen.run("return document.querySelector('input[type=file][accept*=audio]')"));
  await screen.call('POST', `/element/${Object.values(input)[0]}/value`, { text: sound });
  await screen.says('meeting.mp3');
  await screen.click('button', 'Add this point');
  await screen.says('1 point');
});

test('danger is unmistakable and brings the number to ring', async () => {
  await screen.choose('Do you smell gas?', 'Yes');
  await screen.says('Stop and go outside');
  const number = await until('there is a number to ring', () => screen.run("return document.querySelector('a[href^=\"tel:\"]')?.getAttribute('href')"));
  assert.match(number, /^tel:0800/);
  assert.deepEqual(await measure(screen), []);
  await screen.shot('kinds-stopper');
});

test('what was answered is saved, and the office has it', async () => {
  await screen.says('Draft kept');
  await screen.click('button', 'Save on this device');
  await screen.says('My records');
  const office = await world.office('jo@example.gov.uk');
  const [{ record }] = await until('the office has it', async () => {
    const { records } = await office.reads('/api/v1/trays/arrived');
    return records.length > 0 ? records : null;
  });
  const { view } = await office.reads(`/api/v1/records/${record}`);
  const answer = (field) => view.fields.find((shown) => shown.field === field)?.values[0].answer;
  assert.deepEqual([answer('words'), answer('bags'), answer('bad'), answer('street'), answer('order'), answer('gas'), answer('all')], [
    'Elm Court', 3, '0.5', 's9876', 'green red blue', 'yes', '2',
  ]);
  assert.equal(answer('room').length, 2);
  assert.equal(view.photos.find(({ field }) => field === 'sound').name, 'meeting.mp3');
  await until('the recording is there', async () => (await office.reads(`/api/v1/records/${record}`)).photos_received === 1);
});

test('in Chromium it fits a small phone and a desktop', async () => {
  await screen.close();
  screen = await openBrowser(shots, { width: 1440, height: 900 });
  await world.signsIn(screen, 'lee@example.gov.uk');
  await screen.click('link', 'Forms');
  await screen.click('link', 'Bring in a form');
  await screen.give(/Drop a form here/, file);
  await screen.says('What it asks');
  for (const [at, width, name] of [[0, 320, 'small'], [2, 700, 'desktop']]) {
    await screen.run("const [at] = arguments; document.querySelectorAll('input[name=preview-size]')[at].click()", at);
    await until(`the frame is ${name}`, () => screen.run("const [width, small] = arguments; const has = document.querySelector('iframe').clientWidth; return small ? has <= width : has > width", width, at === 0));
    const frame = await screen.run("return document.querySelector('iframe')");
    await screen.call('POST', '/frame', { id: frame });
    await screen.says('Do you smell gas?');
    assert.deepEqual(await wrongs(screen), []);
    assert.equal(await screen.run('return document.documentElement.scrollWidth - document.documentElement.clientWidth'), 0);
    await screen.call('POST', '/frame', { id: null });
    await screen.shot(`kinds-${name}`);
  }
});
