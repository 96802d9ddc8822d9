// Two officers with no connection report the same heap. The office is told so, looks at both side by side, joins them, takes
// that back, and says of a third that it is something else; each of them reads on a phone what became of their report.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { measure, wrongs } from './measures.mjs';
import { openApp, openBrowser, until } from './webdriver.mjs';
import { World, built, example, shots } from './world.mjs';

let world;
let office;
let app;
let first;
let second;

before(async () => {
  world = await World.open('same');
  const ann = await world.officer('ann@example.gov.uk');
  const sam = await world.officer('sam@example.gov.uk');
  // Neither sends anything before both have saved.
  first = await ann.reports('fly_tip', example('fly_tip'), ['kerb-barrier.jpg', 'street-corner.jpg'], '52.6285,1.2920,6');
  second = await sam.reports('fly_tip', example('fly_tip'), ['cobbled-street.jpg'], '52.62861,1.2920,5');
  await sam.reports('fly_tip', example('fly_tip'), ['cobbled-street.jpg'], '52.6302,1.2987,5');
  await ann.sync();
  await sam.sync();
  office = await openBrowser(shots, { width: 1440, height: 900 });
  await world.signsIn(office, 'jo@example.gov.uk');
});

after(async () => {
  await app?.close();
  await office?.close();
  world?.close();
});

/** In the window's own size, light and dark, and on a phone. */
async function shot(name) {
  await office.shot(name);
  await office.run("document.documentElement.dataset.theme = 'dark'");
  await office.shot(`${name}-dark`);
  await office.run("delete document.documentElement.dataset.theme");
  await office.resize(320, 658);
  const over = "return [document.documentElement, document.getElementById('case')].map((box) => box.scrollWidth - box.clientWidth)";
  assert.deepEqual(await office.run(over), [0, 0]);
  await office.shot(`${name}-320`);
  await office.resize(1440, 900);
  assert.deepEqual(await wrongs(office), []);
}

const offers = async (record) => (await (await world.office('jo@example.gov.uk')).reads(`/api/v1/records/${record}`)).same.offers;
const rows = () => office.run("return [...document.querySelectorAll('[id^=row-]')].map((row) => row.innerText)");

test('the tray says which rows may be the same, although nobody knew of the other', async () => {
  await office.says(/FT-000001/);
  const marked = (await rows()).filter((row) => row.includes('Reported twice?'));
  assert.equal(marked.length, 2);
  assert.ok(marked.some((row) => row.includes('FT-000001')) && marked.some((row) => row.includes('FT-000002')));
});

test('the case shows the other beside it: how far, how much earlier, by whom, and its photos', async () => {
  await office.click('link', /FT-000002/);
  await office.says('May be the same as FT-000001');
  await office.says(/12 m away/);
  await office.says('Ann Bailey');
  await until('the photos are drawn', () => office.run("return [...document.querySelectorAll('#case img')].filter((image) => image.naturalWidth > 0).length >= 3"));
  await shot('same-console');
});

test('joined by one act, and both say so', async () => {
  await office.click('button', 'Same: join to FT-000001');
  await office.says('Closed: the same as FT-000001');
  await office.says('You closed it as the same as FT-000001');
  await shot('same-console-closed');
  await office.click('link', 'Open FT-000001');
  await office.says('Also reported');
  await office.says(/as FT-000002 by Sam/);
  await office.says('You joined FT-000002 to it');
  await until('the photos are drawn', () => office.run("return [...document.querySelectorAll('#case img')].filter((image) => image.naturalWidth > 0).length >= 3"));
  await shot('same-console-stays');
  await until('no row asks any more', async () => !(await rows()).some((row) => row.includes('Reported twice?')));
});

test('whoever reported it reads on their phone under which number work goes on', async () => {
  app = await openApp(built('kerbside-app'), { KERBSIDE_VAULT: join(world.folder, 'app') }, shots);
  await world.enrols(app, 'sam@example.gov.uk');
  await app.says(/FT-\d{6}/);
  await app.run(`location.hash = '#/record/${second.record}'`);
  await app.says('Closed: it is the same as FT-000001');
  await app.shot('same-app');
  assert.deepEqual(await measure(app), []);
  await app.click('button', 'Open FT-000001');
  await app.says('Also reported as');
  await app.says('Open FT-000002');
  await app.shot('same-app-stays');
  assert.deepEqual(await measure(app), []);
});

test('not the same after all: both are as they were, and are offered again', async () => {
  await office.click('button', 'FT-000002 is not the same after all');
  await office.says('May be the same as FT-000002');
  await office.says('You parted FT-000002 from it again');
  assert.deepEqual((await offers(second.record)).map((offer) => offer.case.record), [first.record]);
});

test('the older may be closed as well, where somebody says so', async () => {
  await office.says('Same: join FT-000002 to this');
  await office.click('button', 'Same, and keep FT-000002');
  await office.says('Closed: the same as FT-000002');
  await office.click('button', 'Not the same after all');
  await office.says('May be the same as FT-000002');
});

test('different: the offer goes, here and beside the other', async () => {
  await office.click('button', /Different/);
  await until('nothing is offered', async () => (await offers(first.record)).length + (await offers(second.record)).length === 0);
  await office.says('You found FT-000002 to be something else');
  assert.equal(await office.has('button', /Different/), false);
  await office.click('button', 'Ask again: FT-000002');
  await office.says('May be the same as FT-000002');
  await office.click('button', /Different/);
  await office.says('Found to be different from FT-000002');
  await shot('same-console-apart');
  await until('no row asks any more', async () => !(await rows()).some((row) => row.includes('Reported twice?')));
});
