// What stands between a stranger and the vault, and what the app says to things that are not what they seem.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { looked } from './measures.mjs';
import { openApp } from './webdriver.mjs';
import { PIN, World, built, shots } from './world.mjs';

const NEW_PIN = '315315';
let world;
let vault;
let screen;
let open;

/** As if the PIN had been wrong so many times, long enough ago not to wait: the delays themselves take hours. */
function wrongTimes(times) {
  const file = join(vault, 'vault.json');
  const { sum: _, ...kept } = JSON.parse(readFileSync(file));
  const text = JSON.stringify({ ...kept, wrong_pins: times, last_wrong_ms: 0, sum: '' }, null, 2);
  const summed = text.slice(0, text.lastIndexOf('"sum": "'));
  const sum = createHash('sha256').update(summed).digest('hex');
  writeFileSync(file, `${summed}"sum": "${sum}"\n}`);
}

/** A PNG of a few bytes that says it is enormous. */
function hugePng(side) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.alloc(64))), chunk('IEND', Buffer.alloc(0))]);
}

before(async () => {
  world = await World.open('locked');
  vault = join(world.folder, 'app');
  open = () => openApp(built('kerbside-app'), { KERBSIDE_VAULT: vault }, shots);
  screen = await open();
});

after(async () => {
  await screen?.close();
  world?.close();
});

test('a code that is wrong is refused in words, and the entries stay', async () => {
  await screen.fill('Address of your office', world.url);
  await screen.fill('Code', 'AAAA-BBBB-CCCC-DD');
  await screen.fill('Choose a PIN', PIN);
  await screen.fill('The same PIN again', PIN);
  await screen.click('button', 'Set up this device');
  await screen.says('That code is not right');
  const code = await world.code('ann@example.gov.uk');
  await screen.fill('Code', code);
  await screen.click('button', 'Set up this device');
  await screen.says('Nothing yet today');
  // What comes from the office moves what lies beneath it.
  await screen.find('button', 'Fly-tip');
});

test('where the keys lie is said plainly', async () => {
  await screen.click('button', 'Settings');
  await screen.says('This device');
  await screen.says(/key store/);
  await looked(screen, 'app-settings');
  await screen.click('button', 'Back');
});

test('a file that is no photo and a photo that is too big are each refused in words', async () => {
  const liar = join(world.folder, 'liar.jpg');
  const huge = join(world.folder, 'huge.png');
  writeFileSync(liar, 'This is not a photo.');
  writeFileSync(huge, hugePng(20_000));
  await screen.click('button', 'Fly-tip');
  await screen.says('The camera did not open here');
  await screen.give('Choose a photo', liar);
  await screen.says('must be a JPG or PNG');
  await screen.give('Choose a photo', huge);
  await screen.says('too large');
  await looked(screen, 'app-refused-photo');
  await screen.click('button', 'Throw this draft away');
  await screen.click('button', 'Throw it away');
  await screen.says('Nothing yet today');
});

test('each wrong PIN makes the next wait longer', async () => {
  await screen.click('button', 'Lock');
  // The app reads the file as it locks.
  await screen.find('textbox', 'PIN');
  wrongTimes(3);
  await screen.fill('PIN', '111111');
  await screen.click('button', 'Unlock');
  await screen.says(/Wait \d+ seconds, then try again\. Nothing is lost\./);
  await looked(screen, 'app-wait');
});

test('after ten, a fresh code from the office opens it and sets a new PIN', async () => {
  wrongTimes(9);
  await screen.close();
  screen = await open();
  await screen.fill('PIN', '111111');
  await screen.click('button', 'Unlock');
  await screen.says('Ask your office for a fresh code');
  await looked(screen, 'app-fresh-code');
  await screen.fill('Code', 'AAAA-BBBB-CCCC-DD');
  await screen.fill('Choose a new PIN', NEW_PIN);
  await screen.fill('The same PIN again', NEW_PIN);
  await screen.click('button', 'Unlock with the office');
  await screen.says('That code is not right');
  await screen.fill('Code', await world.code('ann@example.gov.uk'));
  await screen.click('button', 'Unlock with the office');
  await screen.says('My records');
  await screen.click('button', 'Lock');
  await screen.fill('PIN', NEW_PIN);
  await screen.click('button', 'Unlock');
  await screen.says('My records');
});
