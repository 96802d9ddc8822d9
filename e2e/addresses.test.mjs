// Addresses in the app's own window: what is near, found as a thumb types, chosen with the keys alone, and told of where
// the gazetteer lacks it.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { looked } from './measures.mjs';
import { openApp, until } from './webdriver.mjs';
import { World, built, shots } from './world.mjs';

const DOWN = '\uE015';
const ENTER = '\uE007';
const BOX = 'Exact place in words';
// A house of the table.
const [uprn, usrn, number, street, town, postcode, lat, lon] = readFileSync(process.env.KERBSIDE_ADDRESSES, 'utf8')
  .split('\n')
  .find((row) => /^\d+,\d+,1[0-9],Quarry /.test(row))
  .split(',');
const line = `${number} ${street}`;
let world;
let app;

before(async () => {
  world = await World.open('addresses');
  await world.bringsAddresses();
  const fixes = join(world.folder, 'fixes');
  writeFileSync(fixes, JSON.stringify({ lat: Number(lat), lon: Number(lon), accuracy_m: 4 }));
  app = await openApp(built('kerbside-app'), { KERBSIDE_VAULT: join(world.folder, 'app'), KERBSIDE_POSITION: `script:${fixes}` }, shots);
});

after(async () => {
  await app?.close();
  world?.close();
});

const options = () => app.run("return [...document.querySelectorAll('[role=option]')].map((option) => option.innerText.trim())");
const valueOf = (name) => app.run('const [name] = arguments; return [...document.querySelectorAll("label")].find((label) => label.innerText.startsWith(name))?.control?.value ?? null', name);

test('the addresses come with everything else, and a position says what it is near', async () => {
  await world.enrols(app, 'sam@example.gov.uk');
  await app.says('My records');
  await app.click('button', 'Fly-tip');
  await app.says(`near ${line}`);
  await looked(app, 'address-near');
});

test('an address is found as it is typed, and chosen with the keys alone', async () => {
  await app.fill(BOX, `${number} ${street.toLowerCase().slice(0, -2)}`);
  await until('it is the first that is offered', async () => (await options())[0]?.startsWith(line));
  await looked(app, 'address-found');
  await app.press(DOWN);
  await app.press(ENTER);
  await until('the box has it', async () => (await valueOf(BOX)) === `${line}, ${town}, ${postcode}`);
  await until('the property follows', async () => (await valueOf('Property number (UPRN)')) === uprn);
  await until('the street follows', async () => (await valueOf('Street number (USRN)')) === usrn);
  assert.deepEqual(await options(), []);
  await looked(app, 'address-chosen');
});

test('a slip of the finger and a postcode find it too', async () => {
  const slipped = `${number} ${street.slice(0, 2)}${street.slice(3)}`;
  for (const typed of [slipped, postcode.toLowerCase().replace(' ', '')]) {
    await app.fill(BOX, typed);
    await until(`“${typed}” finds it`, async () => (await options()).some((option) => option.startsWith(line)));
  }
});

test('what is not in the gazetteer is kept as it was typed', async () => {
  await app.fill(BOX, 'Kiosk 3, Old Hay Market');
  await app.click('button', 'Not in the gazetteer');
  await app.says('The office is told');
  assert.equal(await valueOf(BOX), 'Kiosk 3, Old Hay Market');
  await looked(app, 'address-missing');
});
