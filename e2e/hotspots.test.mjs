// Where cases gather, at the office: hexagons on the map, the same in tables, nothing small told, on paper and as files that
// GDAL opens.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { wrongs } from './measures.mjs';
import { openBrowser, until } from './webdriver.mjs';
import { World, example, shots } from './world.mjs';

let world;
let screen;

/** Busy, less busy, and two of so few that they are not told. */
const PLACES = [['52.6285,1.2920,6', 9], ['52.6331,1.2850,9', 6], ['52.6278,1.3011,12', 2], ['52.6400,1.2700,6', 3]];

before(async () => {
  world = await World.open('hotspots');
  await world.bringsMap();
  const ann = await world.officer('ann@example.gov.uk');
  for (const [at, times] of PLACES) {
    for (let time = 0; time < times; time += 1) await ann.reports('dog_fouling', example('dog_fouling'), [], at);
  }
  await ann.sync();
  screen = await openBrowser(shots, { width: 1440, height: 1000 });
});

after(async () => {
  await screen?.close();
  world?.close();
});

const table = (caption) =>
  screen.run(
    `const table = [...document.querySelectorAll('.hotspots-pane table')].find((each) => each.caption.textContent === arguments[0]);
     return [...table.querySelectorAll('tbody tr, tfoot tr')].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));`,
    caption,
  );

test('the office sees where cases gather, and the tables say what the map shows', async () => {
  await world.signsIn(screen, 'sam@example.gov.uk');
  await screen.click('link', 'Hotspots');
  await screen.says('Busiest places');
  const busiest = await table('Busiest places');
  assert.deepEqual(busiest.map(([, now, before, change]) => [now, before, change]), [
    ['9', '0', '+9'], ['6', '0', '+6'], ['fewer than 5', '0', ''], ['fewer than 5', '0', ''],
  ]);
  assert.match(busiest[0][0], /^TG \d{3} \d{3}$/);
  const areas = await table('By area');
  assert.deepEqual(areas.at(-1).slice(0, 4), ['Total', '20', '0', '+20']);
  await until('the map is drawn', () => screen.run("return document.querySelector('.map[data-idle-ms]') !== null"));
  await screen.shot('hotspots');
  assert.deepEqual(await wrongs(screen), []);
});

test('it is as plain in the dark and on a narrow screen', async () => {
  await screen.run("document.documentElement.dataset.theme = 'dark'");
  await new Promise((done) => setTimeout(done, 1500));
  await screen.shot('hotspots-dark');
  await screen.run("document.documentElement.dataset.theme = 'light'");
  await screen.resize(320, 640);
  const over = await screen.run('return document.documentElement.scrollWidth - document.documentElement.clientWidth');
  assert.equal(over, 0);
  await screen.shot('hotspots-narrow');
  await screen.resize(1440, 1000);
});

test('a form and days are chosen by keyboard, and the address keeps them', async () => {
  await screen.run("document.getElementById('hot-form').value = 'fly_tip'; document.getElementById('hot-form').dispatchEvent(new Event('change', { bubbles: true }))");
  await screen.click('button', 'Count');
  await screen.says('No cases with a place in these days.');
  assert.match(await screen.run('return location.hash'), /fly_tip/);
  await screen.run('history.back()');
  await screen.says('Busiest places');
});

test('on paper there are the drawing and the tables and nothing to press', async () => {
  const media = (name) => screen.call('POST', '/goog/cdp/execute', { cmd: 'Emulation.setEmulatedMedia', params: { media: name } });
  await media('print');
  const seen = (what) => screen.run('return [...document.querySelectorAll(arguments[0])].some((each) => each.checkVisibility())', what);
  assert.equal(await seen('.hotspots-pane svg'), true);
  assert.equal(await seen('nav, button, .hotspots-pane form, .map'), false);
  await screen.shot('hotspots-paper');
  await media('screen');
  const pdf = Buffer.from(await screen.call('POST', '/print', { shrinkToFit: true }), 'base64');
  assert.equal(pdf.subarray(0, 4).toString(), '%PDF');
  mkdirSync(shots, { recursive: true });
  writeFileSync(join(shots, 'hotspots.pdf'), pdf);
});

test('the cases are taken away as files that GDAL opens, and the table as CSV', async () => {
  const take = (name) =>
    screen.run(
      `return (async () => {
        const link = [...document.querySelectorAll('.hotspots-pane .ways a')].find((each) => each.textContent.trim() === arguments[0]);
        const bytes = new Uint8Array(await (await fetch(link.href)).arrayBuffer());
        let text = '';
        for (const byte of bytes) text += String.fromCharCode(byte);
        return btoa(text);
      })()`,
      name,
    );
  for (const [name, file] of [['Cases as GeoJSON', 'cases.geojson'], ['Cases as GeoPackage', 'cases.gpkg']]) {
    const to = join(world.folder, file);
    writeFileSync(to, Buffer.from(await take(name), 'base64'));
    assert.match(execFileSync('ogrinfo', ['-so', '-al', to], { encoding: 'utf8' }), /Feature Count: 20/);
  }
  const csv = Buffer.from(await take('Table as CSV'), 'base64').toString();
  assert.match(csv, /,total,20,0,/);
});
