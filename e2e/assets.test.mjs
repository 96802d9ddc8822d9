// Lamps and bins of the council's lists: on the app's map and in its list, with no line; a report that begins at one; and the
// same bin in the office, with what is reported at it.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { looked, wrongs } from './measures.mjs';
import { openApp, openBrowser, until } from './webdriver.mjs';
import { World, built, example, shots } from './world.mjs';

/** Metres to a degree here. */
const NORTH = 111_195;
const EAST = 67_500;
/** Metres to a pixel at zoom 17. */
const SCALE = 0.3525;
let world;
let line;
let app;
let office;
let bin;
let me;

const list = (file) =>
  JSON.parse(readFileSync(file, 'utf8')).features.map(({ properties, geometry: { coordinates: [lon, lat] } }) => ({ ...properties, lat, lon }));
const apart = (one, other) => Math.hypot((one.lat - other.lat) * NORTH, (one.lon - other.lon) * EAST);

before(async () => {
  world = await World.open('assets');
  line = await world.line();
  await world.bringsMap();
  await world.bringsAssets();
  const [lamps, bins] = [list(process.env.KERBSIDE_LAMPS), list(process.env.KERBSIDE_BINS)];
  // One that a finger cannot mistake for a lamp, and me some way to the west of it.
  const clear = bins.filter((each) => lamps.every((lamp) => apart(each, lamp) > 12));
  [bin] = clear.toSorted((one, other) => apart(one, { lat: 52.6284, lon: 1.2925 }) - apart(other, { lat: 52.6284, lon: 1.2925 }));
  me = { lat: bin.lat, lon: bin.lon - 24 / EAST };
  const ann = await world.officer('ann@example.gov.uk');
  await ann.reports('fly_tip', example('fly_tip'), ['kerb-barrier.jpg'], `${bin.lat - 11 / NORTH},${bin.lon},6`);
  await ann.sync();
  const fixes = join(world.folder, 'fixes');
  writeFileSync(fixes, JSON.stringify({ ...me, accuracy_m: 6 }));
  app = await openApp(built('kerbside-app'), { KERBSIDE_VAULT: join(world.folder, 'app'), KERBSIDE_POSITION: `script:${fixes}` }, shots);
  office = await openBrowser(shots, { width: 1440, height: 900 });
});

after(async () => {
  await app?.close();
  await office?.close();
  world?.close();
});

const IDLE = "return document.querySelector('.map[data-idle-ms]')?.dataset.idleMs ?? null";
const ROWS = "return [...document.querySelectorAll('section ul .what')].map((row) => row.textContent)";

test('the list says what stands around me, nearest first, and finds a number', async () => {
  await world.enrols(app, 'sam@example.gov.uk', line.url);
  await app.says(/FT-\d{6}/);
  await app.click('button', 'Map');
  await until('the map has come', () => app.run("return document.querySelector('.map[role=img]') !== null"), 60_000);
  await app.click('button', 'Assets');
  await app.says(/The 30 nearest of \d{3}/);
  line.cut();
  const far = await app.run("return [...document.querySelectorAll('section ul .more')].map((more) => more.textContent)");
  const metres = far.map((row) => Number(/([\d.]+) m /.exec(row)?.[1] ?? 0));
  assert.equal(metres.length, 30);
  assert.deepEqual(metres, metres.toSorted((one, other) => one - other));
  await app.run("document.querySelector('#assets').scrollIntoView()");
  await looked(app, 'assets-app-list');
  await app.fill('Find by number or street', bin.code.toLowerCase());
  await until('the bin is the first', async () => (await app.run(ROWS))[0]?.startsWith(`${bin.code},`));
  await app.fill('Find by number or street', 'no such thing');
  await app.says('Nothing here has that number or street.');
  await app.fill('Find by number or street', ' ');
  await app.says(/The 30 nearest of/);
});

test('the map shows them, and a tap says which', async () => {
  await until('the map is drawn', () => app.run(IDLE));
  await until('the bin answers a tap', async () => {
    await app.click('button', 'Where I am');
    await new Promise((done) => setTimeout(done, 1500));
    const middle = await app.run(`document.querySelector('.map[role=img]').scrollIntoView({ block: 'center' }); const { left, top, width, height } = document.querySelector('.map[role=img]').getBoundingClientRect(); return { x: left + width / 2, y: top + height / 2 };`);
    const there = [middle.x + Math.round(24 / SCALE), middle.y];
    await app.drag(there, there);
    await new Promise((done) => setTimeout(done, 1000));
    return app.has('button', `Open ${bin.code}`);
  });
  await looked(app, 'assets-app-map');
  await app.run("document.documentElement.dataset.theme = 'dark'");
  await new Promise((done) => setTimeout(done, 1500));
  await app.shot('assets-app-map-dark');
  await app.run("document.documentElement.dataset.theme = 'light'");
  await app.run("[...document.querySelectorAll('label')].find((label) => label.textContent.includes('Show assets')).click()");
  await until('they are gone from the map', async () => !(await app.run("return document.querySelector('.picked') !== null")));
  await app.run("[...document.querySelectorAll('label')].find((label) => label.textContent.includes('Show assets')).click()");
  await until('the bin is chosen again', () => app.run("return document.querySelector('.picked') !== null"));
  await app.click('button', `Open ${bin.code}`);
});

test('a bin says what is known and reported, and a report begins at it with no line', async () => {
  await app.says('Litter bin');
  await app.says(`${bin.litres}`);
  await app.says(bin.emptied);
  await app.says(/FT-\d{6}|W07/);
  await looked(app, 'assets-app-bin');
  await app.click('button', 'Litter survey');
  await app.says('Draft kept');
  const place = await app.run("return document.querySelector('[data-field=where]').textContent");
  assert.match(place, /52\.\d+|TG \d{4} \d{4}/);
  await app.run("document.querySelector('[data-field=where]').scrollIntoView({ block: 'start' })");
  await looked(app, 'assets-app-report');
});

test('the office finds the bin, with the case at it', async () => {
  await world.signsIn(office, 'jo@example.gov.uk');
  await office.click('link', 'Map');
  await until('the map is drawn', () => office.run(IDLE));
  await office.click('button', 'Assets');
  await office.fill('Find by number or street', bin.code);
  await until('the bin is listed', () => office.has('button', new RegExp(bin.code)));
  await office.click('button', new RegExp(bin.code));
  await office.says(bin.emptied);
  await office.says(/FT-\d{6}/);
  await new Promise((done) => setTimeout(done, 1500));
  await office.shot('assets-console');
  assert.deepEqual(await wrongs(office), []);
  await office.run("document.documentElement.dataset.theme = 'dark'");
  await new Promise((done) => setTimeout(done, 1500));
  await office.shot('assets-console-dark');
});
