// The office, in Chromium: what arrives, a case, a correction, and a choice between two answers.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, until } from './webdriver.mjs';
import { World, example, shots } from './world.mjs';

let world;
let screen;
let ann;
let line;
let saved;

before(async () => {
  world = await World.open('console');
  line = await world.line({ cutAtPhoto: 3 });
  ann = await world.officer('ann@example.gov.uk', { url: line.url });
  screen = await openBrowser(shots);
});

after(async () => {
  await screen?.close();
  world?.close();
});

const photosDrawn = () => screen.run("return [...document.querySelectorAll('main img')].filter((image) => image.naturalWidth > 0).length");

test('the triager signs in and finds an empty tray', async () => {
  await screen.go(`${world.url}/console/`);
  await screen.fill('Email address', 'jo@example.gov.uk');
  await screen.fill('Password', 'not the password');
  await screen.click('button', 'Sign in');
  await screen.says('Check your email address and password');
  await screen.shot('console-refused');
  await screen.fill('Password', world.passwords.get('jo@example.gov.uk'));
  await screen.click('button', 'Sign in');
  await screen.says('Nothing has arrived yet');
  await screen.says('Jo Ali');
  await screen.shot('console-empty-tray');
});

test('a report appears by itself, with two of its three photos', async () => {
  saved = await ann.reports('fly_tip', { ...example('fly_tip'), 'more/where_text': 'By the bus shelter' }, ['cobbled-street.jpg', 'kerb-barrier.jpg', 'harbour-crate.jpg']);
  await assert.rejects(ann.sync(5), /ended with 3/, 'the line was cut');
  await screen.says(/1 new|FT-\d+/);
  if (await screen.has('button', /new/)) await screen.click('button', /new/);
  await screen.says(/FT-\d{6}/);
  await screen.click('link', /FT-\d{6}/);
  await screen.says('2 of 3 photos received');
  await until('the two are drawn', async () => (await photosDrawn()) === 2);
  await screen.shot('console-two-of-three');
});

test('the last photo arrives when the line is mended', async () => {
  line.mend();
  await ann.sync();
  await screen.says('All 3 photos received');
});

test('the case shows its place, its photos and its timeline', async () => {
  await screen.says('Latitude');
  await screen.says('52.6285');
  await screen.says('Captured by Ann Bailey');
  await until('three photos are drawn', async () => (await photosDrawn()) === 3);
  await screen.shot('console-case');
});

test('an answer is corrected, and the timeline says by whom', async () => {
  await screen.click('button', 'Change Exact place in words');
  await screen.fill('Exact place in words', 'On the verge beside the bus shelter');
  await screen.click('button', 'Save');
  await screen.says(/Jo Ali.*changed|You.*changed/);
  await screen.says('On the verge beside the bus shelter');
  await screen.shot('console-corrected');
});

test('two answers stay until somebody chooses', async () => {
  await ann.edits(saved.record, { 'more/where_text': 'In the passage behind the bus shelter' });
  await ann.sync();
  await screen.says('Two answers');
  await screen.says('In the passage behind the bus shelter');
  await screen.says('On the verge beside the bus shelter');
  await screen.shot('console-two-answers');
  await screen.click('button', 'Keep', 'In the passage');
  await until('one answer is left', async () => !(await screen.has('button', 'Keep')));
  await screen.says('In the passage behind the bus shelter');
  await screen.shot('console-chosen');
  await ann.sync();
  const [shown] = await ann.does('show', saved.record);
  const field = shown.fields.find((field) => field.field === 'more/where_text');
  assert.deepEqual(field.values.map((value) => value.answer), ['In the passage behind the bus shelter']);
});

test('signing out leaves nothing behind', async () => {
  await screen.click('button', 'Sign out');
  await screen.says('Email address');
  await screen.go(`${world.url}/console/`);
  await screen.says('Email address');
});
