// Two reports lie around a third: the app says so before it is saved, with no connection, and whatever its officer makes of
// that stands on a record. The place is in an area, which the app and the office name.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { looked, wrongs } from './measures.mjs';
import { openApp, openBrowser, until } from './webdriver.mjs';
import { World, built, example, label, photo, shots } from './world.mjs';

let world;
let line;
let app;
let office;
const known = [];

before(async () => {
  world = await World.open('nearby');
  line = await world.line();
  const ann = await world.officer('ann@example.gov.uk');
  for (const [name, at] of [['kerb-barrier', '52.6285,1.2920,6'], ['cobbled-street', '52.6287,1.2920,6'], ['cobbled-street', '52.6302,1.2987,5']]) {
    known.push((await ann.reports('fly_tip', example('fly_tip'), [`${name}.jpg`], at)).record);
  }
  await ann.sync();
  const fixes = join(world.folder, 'fixes');
  writeFileSync(fixes, JSON.stringify({ lat: 52.62852, lon: 1.292, accuracy_m: 6 }));
  app = await openApp(built('kerbside-app'), { KERBSIDE_VAULT: join(world.folder, 'app'), KERBSIDE_POSITION: `script:${fixes}` }, shots);
  office = await openBrowser(shots, { width: 1440, height: 900 });
});

after(async () => {
  await app?.close();
  await office?.close();
  world?.close();
});

/** A whole report where I stand, up to the button that saves it. */
async function begin() {
  await app.click('button', 'Fly-tip');
  await app.give('Choose a photo', photo('street-corner.jpg'));
  await until('the photo is drawn', () => app.run("return [...document.images].some((image) => image.naturalWidth > 0)"));
  await app.click('button', 'Right place');
  const { waste, size, hazards, evidence } = example('fly_tip');
  await app.choose('What is most of the waste?', label('flytipping.waste', waste));
  await app.choose('How much is there?', label('flytipping.size', size));
  await app.choose('Are there any hazards?', label('flytipping.hazards', hazards[0]));
  await app.choose('Is there evidence of who left it?', label('common.yes_no', evidence));
  await app.says('Draft kept');
}

test('the place says in which area it is', async () => {
  await world.enrols(app, 'sam@example.gov.uk', line.url);
  await app.says(/FT-\d{6}/);
  await begin();
  await app.says('In Norwich 007A');
  line.cut();
  await app.run("document.querySelector('[data-field=where]')?.scrollIntoView({ block: 'start' })");
  await looked(app, 'areas-app-place');
});

test('what is nearby is said before it is saved, with no connection', async () => {
  await app.click('button', 'Save on this device');
  await app.says('2 open reports within 30 m');
  await app.says('2 m away');
  await app.says('20 m away');
  await looked(app, 'nearby-app');
  await app.run("document.documentElement.dataset.theme = 'dark'");
  await app.shot('nearby-app-dark');
  await app.run("delete document.documentElement.dataset.theme");
  await app.click('button', 'Back to my report');
  await app.says('Draft kept');
});

test('the same thing is sent whole, and says of which report it is the same', async () => {
  await app.click('button', 'Save on this device');
  await app.click('button', 'Same one: add my photo');
  await app.says('My records');
  line.mend();
  const jo = await world.office('jo@example.gov.uk');
  const records = () => jo.reads('/api/v1/trays/arrived').then((tray) => tray.records);
  await until('the office has four', async () => (await records()).length === 4, 60_000);
  const { record } = (await records()).find(({ record }) => !known.includes(record));
  const { same } = await jo.reads(`/api/v1/records/${record}`);
  assert.deepEqual(same.offers.filter(({ said }) => said).map((offer) => offer.case.record), [known[0]]);
  await until('its photo is there', async () => (await jo.reads(`/api/v1/records/${record}`)).view.photos.every(({ received }) => received), 60_000);
});

test('something else is a report of its own', async () => {
  await app.run("location.hash = '#/shift'");
  await begin();
  await app.click('button', 'Save on this device');
  await app.says('3 open reports within 30 m');
  await app.click('button', 'Different: send mine');
  await app.says('My records');
  const jo = await world.office('jo@example.gov.uk');
  await until('the office has five', async () => (await jo.reads('/api/v1/trays/arrived')).records.length === 5, 60_000);
});

test('a case names its area and the version of the boundaries', async () => {
  await world.signsIn(office, 'jo@example.gov.uk');
  await office.click('link', /FT-000001/);
  await office.says('Norwich 007A');
  await office.says('Patch · boundaries norwich-lsoa-2011, version 1');
  await office.shot('areas-console-case');
  assert.deepEqual(await wrongs(office), []);
});
