// A map that came over the line: drawn by the app's own window and by the office's browser, and what it says is said by a
// list as well.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { looked, wrongs } from './measures.mjs';
import { coloursIn } from './pixels.mjs';
import { openApp, openBrowser, until } from './webdriver.mjs';
import { World, built, example, shots } from './world.mjs';

const DOWN = '\uE015';
const ENTER = '\uE007';
let world;
let app;
let office;

before(async () => {
  world = await World.open('map');
  await world.bringsMap();
  await world.bringsAddresses();
  const ann = await world.officer('ann@example.gov.uk');
  for (const at of ['52.6285,1.2920,6', '52.6302,1.2987,5', '52.6331,1.2850,9', '52.6278,1.3011,12']) {
    await ann.reports('fly_tip', example('fly_tip'), ['kerb-barrier.jpg'], at);
  }
  await ann.sync();
  const fixes = join(world.folder, 'fixes');
  writeFileSync(fixes, JSON.stringify({ lat: 52.6284, lon: 1.2925, accuracy_m: 12 }));
  app = await openApp(built('kerbside-app'), { KERBSIDE_VAULT: join(world.folder, 'app'), KERBSIDE_POSITION: `script:${fixes}` }, shots);
  office = await openBrowser(shots, { width: 1440, height: 900 });
});

after(async () => {
  await app?.close();
  await office?.close();
  world?.close();
});

const IDLE = "return document.querySelector('.map[data-idle-ms]')?.dataset.idleMs ?? null";
const PLACE = `
  const { left, top, width, height } = document.querySelector('.map[role=img]').getBoundingClientRect();
  const { innerWidth, innerHeight } = window;
  return { left: Math.max(0, left), top: Math.max(0, top), width: Math.min(width, innerWidth), height: Math.min(height, innerHeight - Math.max(0, top)) };
`;
const COLOURS = `
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(arguments[0].map((name) => [name, style.getPropertyValue('--map-' + name).trim()]));
`;

/** How long the map took, once it is drawn, and that there is ground, streets and houses or parks on it. */
async function drawn(screen, names) {
  const ms = Number(await until('the map is drawn', () => screen.run(IDLE)));
  const colours = await screen.run(COLOURS, names);
  await until(`the map shows ${names}`, async () => {
    const counts = coloursIn(await screen.picture(), await screen.run(PLACE), colours);
    return names.every((name) => counts[name] > 40);
  });
  return ms;
}

test('without a map the list says what is near, and the map comes by itself', async () => {
  await world.enrols(app, 'sam@example.gov.uk');
  await app.says('My records');
  await app.click('button', 'Map');
  await app.says('Nearest first');
  await app.says(/\d+ m (north|south|east|west)/);
  await until('the map has come', () => app.run("return document.querySelector('.map[role=img]') !== null"), 60_000);
});

test('the app draws the map with what is near', async (context) => {
  const ms = await drawn(app, ['land', 'road', 'park']);
  context.diagnostic(`app: map first idle ${ms} ms`);
  await looked(app, 'map-app');
  const rows = await app.run("return [...document.querySelectorAll('section ul .more')].map((more) => more.textContent)");
  const far = rows.map((row) => /(\d+(?:\.\d+)?) (m|km) /.exec(row)).filter(Boolean).map(([, n, unit]) => Number(n) * (unit === 'km' ? 1000 : 1));
  assert.equal(far.length, 4);
  assert.deepEqual(far, far.toSorted((one, other) => one - other));
});

test('a mark that is tapped says what it is and opens', async () => {
  await until('the mark nearest to me answers a tap', async () => {
    // 33 m west and 11 m north of me, at zoom 17, once the map has come to rest there: a tap would stop it on its way.
    await app.click('button', 'Where I am');
    await new Promise((done) => setTimeout(done, 1500));
    const middle = await app.run(`document.querySelector('.map[role=img]').scrollIntoView({ block: 'center' }); const { left, top, width, height } = document.querySelector('.map[role=img]').getBoundingClientRect(); return { x: left + width / 2, y: top + height / 2 };`);
    await app.drag([middle.x - 94, middle.y - 31], [middle.x - 94, middle.y - 31]);
    await new Promise((done) => setTimeout(done, 1000));
    return app.has('button', 'Open');
  });
  await looked(app, 'map-app-tapped');
  await app.click('button', 'Open');
  await app.says('Safe in backup: still to come');
  await app.click('button', 'Back');
});

test('a pin is put on the map by a tap and nudged by the arrows', async () => {
  await app.run("location.hash = '#/shift'");
  await app.click('button', 'Fly-tip');
  await app.click('button', 'Move');
  await drawn(app, ['land', 'road', 'building']);
  const before = await app.run("return document.querySelector('[aria-live=polite].figures').textContent");
  await app.click('button', /north/);
  await until('the pin has moved', async () => (await app.run("return document.querySelector('[aria-live=polite].figures').textContent")) !== before);
  await looked(app, 'map-app-pin');
});

test('the office draws its live map, in the dark as well', async (context) => {
  await world.signsIn(office, 'jo@example.gov.uk');
  await office.click('link', 'Map');
  const ms = await drawn(office, ['land', 'road', 'park']);
  context.diagnostic(`console: map first idle ${ms} ms`);
  await office.says('4 on the map');
  await office.shot('map-console');
  assert.deepEqual(await wrongs(office), []);
  await office.run("document.documentElement.dataset.theme = 'dark'");
  await drawn(office, ['land', 'park']);
  await office.shot('map-console-dark');
  await office.run("document.documentElement.dataset.theme = 'light'");
});

test('a box on the map is a selection in the list', async () => {
  await office.click('button', 'Draw a box');
  const { left, top, width, height } = await office.run(PLACE);
  await office.drag([left + 4, top + 4], [left + width / 2, top + height - 60]);
  await office.says(/[123] in the box/);
  await office.shot('map-console-box');
  await office.click('button', 'Show everything');
  await office.says('4 on the map');
});

test('an address is gone to, and the list holds what is around it', async () => {
  const metres = ({ lat, lon }) => Math.hypot((lat - 52.6331) * 111_195, (lon - 1.285) * 67_500);
  const homes = readFileSync(process.env.KERBSIDE_ADDRESSES, 'utf8').trim().split('\n').slice(1).map((row) => row.split(','));
  const [home] = homes
    .map(([, , number, street, , , lat, lon]) => ({ line: `${number} ${street}`, lat: Number(lat), lon: Number(lon) }))
    .toSorted((one, other) => metres(one) - metres(other));
  await office.fill('Go to an address', home.line.toLowerCase());
  await office.says(/\d+ found/);
  await office.shot('map-console-address');
  await office.press(DOWN);
  await office.press(ENTER);
  await office.says('1 in the box');
  await office.shot('map-console-there');
  assert.deepEqual(await wrongs(office), []);
  await office.click('button', 'Show everything');
});

test('a case stands on the map', async () => {
  await office.click('link', /FT-\d+/);
  await drawn(office, ['land', 'road', 'building']);
  await office.says('52.');
  await office.shot('map-console-case');
});
