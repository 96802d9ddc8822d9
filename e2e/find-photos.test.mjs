// Photos of every case found at the office, in Chromium: by form, officer, date and place, by keyboard, and only those of one's teams.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lookedWide, wrongs } from './measures.mjs';
import { openBrowser, until } from './webdriver.mjs';
import { World, example, shots } from './world.mjs';

let world;
let screen;

before(async () => {
  world = await World.open('find-photos');
  const ann = await world.officer('ann@example.gov.uk');
  const mia = await world.officer('mia@example.gov.uk');
  await ann.reports('fly_tip', example('fly_tip'), ['cobbled-street.jpg', 'kerb-barrier.jpg']);
  await ann.reports('fly_tip', example('fly_tip'), ['harbour-crate.jpg']);
  await mia.reports('fly_tip', example('fly_tip'), ['street-corner.jpg']);
  await ann.sync();
  await mia.sync();
  screen = await openBrowser(shots);
  await screen.resize(1280, 900);
});

after(async () => {
  await screen?.close();
  world?.close();
});

const drawn = () => screen.run("return [...document.querySelectorAll('.photos-pane li img')].filter((image) => image.naturalWidth > 0).length");
const choose = (id, label) =>
  screen.run(
    `const select = document.getElementById(arguments[0]);
     select.value = [...select.options].find((option) => option.textContent === arguments[1]).value;
     select.dispatchEvent(new Event('change', { bubbles: true }));`,
    id,
    label,
  );

test('photos of one’s own teams are there, the newest first, and no others', async () => {
  await world.signsIn(screen, 'jo@example.gov.uk');
  await screen.click('link', 'Find photos');
  await screen.says('3 photos');
  await until('all are drawn', async () => (await drawn()) === 3);
  await lookedWide(screen, 'find-photos');
  assert.deepEqual(await wrongs(screen), []);
});

test('they are found near a point, and a point that is none is said', async () => {
  await screen.fill('Near a point', 'by the bus stop');
  await screen.click('button', 'Find');
  await screen.says('Enter latitude and longitude');
  await lookedWide(screen, 'find-photos-wrong');
  assert.deepEqual(await wrongs(screen), []);
  const office = await world.office('jo@example.gov.uk');
  const { photos } = await office.reads('/api/v1/photos');
  const [first] = photos.filter((photo) => photo.lat !== null);
  await screen.fill('Near a point', `${first.lat}, ${first.lon}`);
  await screen.click('button', 'Find');
  const near = photos.filter((photo) => Math.hypot((photo.lat - first.lat) * 111_320, (photo.lon - first.lon) * 67_600) < 95).length;
  assert.ok(near < 3, 'not all of them are in one place');
  await screen.says(near === 1 ? '1 photo' : `${near} photos`);
  await until('and are drawn', async () => (await drawn()) === near);
  await screen.click('button', 'Clear');
  await screen.says('3 photos');
});

test('they are found by form and officer, and nothing is said where there is nothing', async () => {
  await choose('find-form', 'Fly-tip');
  await choose('find-officer', 'Ann Bailey');
  await screen.click('button', 'Find');
  await screen.says('3 photos');
  assert.match(await screen.run('return decodeURIComponent(location.hash)'), /form=fly_tip&officer=\d+/);
  await choose('find-officer', 'Sam Reed');
  await screen.click('button', 'Find');
  await screen.says('No photos like that');
  await screen.click('button', 'Clear');
  await screen.says('3 photos');
});

test('j and k walk them, and Enter opens the case', async () => {
  await screen.run('document.activeElement.blur()');
  await screen.press('j');
  await screen.press('j');
  assert.equal(await screen.run("return [...document.querySelectorAll('[data-row]')].indexOf(document.activeElement)"), 1);
  await screen.press('\uE007');
  await screen.says('Withdraw this report');
  await screen.click('button', /Photo 1 of/);
  await screen.click('link', 'Photos near here');
  await screen.says('Find photos');
  await screen.says(/\d photo/);
});
