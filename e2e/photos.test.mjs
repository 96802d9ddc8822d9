// Photos when things go wrong: the app is killed while a camera is open, and what the camera took is asked about; the network
// costs money, and photos wait while words go.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { looked } from './measures.mjs';
import { openApp, until } from './webdriver.mjs';
import { PIN, World, built, example, photo, shots } from './world.mjs';

const TAKEN = 'A photo was taken for this report and not added: Fly-tip';
const ANN = 'ann@example.gov.uk';
let world;
let ann;
let screen;
let pictures;
let open;

/** What the system's camera does while the app is gone: a file, newer than what was written down before it opened. */
function cameraLeaves(name, from) {
  copyFileSync(photo(from), join(pictures, name));
  utimesSync(join(pictures, name), new Date(), new Date());
}

async function killedAndOpenedAgain() {
  screen.die();
  await opens();
}

async function opens() {
  screen = await open();
  await screen.fill('PIN', PIN);
  await screen.click('button', 'Unlock');
  await screen.says('My records');
}

before(async () => {
  world = await World.open('photos');
  pictures = join(world.folder, 'pictures');
  mkdirSync(pictures);
  copyFileSync(photo('harbour-crate.jpg'), join(pictures, 'of-somebody-else.jpg'));
  utimesSync(join(pictures, 'of-somebody-else.jpg'), new Date(0), new Date(0));
  ann = await world.officer(ANN, { pin: PIN });
  const env = { KERBSIDE_VAULT: join(world.folder, ANN), KERBSIDE_MOCK_CAMERA: '1', KERBSIDE_PICTURES: pictures, KERBSIDE_NETWORK: 'metered' };
  open = () => openApp(built('kerbside-app'), env, shots);
  await opens();
});

after(async () => {
  await screen?.close();
  world?.close();
});

test('killed while the camera is open, the app asks about what it took and adds it to its draft', async () => {
  await screen.click('button', 'Fly-tip');
  await screen.find('button', 'Take the photo');
  cameraLeaves('JPEG_20260316_091244_1.jpg', 'cobbled-street.jpg');
  cameraLeaves('JPEG_20260316_091250_2.jpg', 'kerb-barrier.jpg');
  await killedAndOpenedAgain();
  await screen.says(TAKEN);
  await until('both are shown', () => screen.run('return document.querySelectorAll("article img").length === 2'));
  await looked(screen, 'app-orphans');
  await screen.click('button', 'Add it');
  await screen.says('Added to its report');
  await until('the open copy is gone', () => !existsSync(join(pictures, 'JPEG_20260316_091244_1.jpg')));
});

test('one that is left out is deleted only once that was said twice, and nothing else is', async () => {
  await screen.click('button', 'Leave it out');
  await screen.says('It will be deleted from this device');
  await looked(screen, 'app-orphan-sure');
  await screen.click('button', 'Decide later');
  assert.equal(readdirSync(pictures).length, 2);
  await killedAndOpenedAgain();
  await screen.says(TAKEN);
  await screen.click('button', 'Leave it out');
  await screen.click('button', 'Delete it');
  await screen.says('Left out and deleted');
  assert.deepEqual(readdirSync(pictures), ['of-somebody-else.jpg']);
});

test('the draft has the photo that was added, and only that', async () => {
  await screen.click('button', /Not saved yet/);
  await until('it is drawn', () => screen.run('return document.querySelectorAll("fieldset img").length === 1'));
  await looked(screen, 'app-orphan-added');
});

test('the officer says that photos go over Wi-Fi only, and how much of a month is theirs', async () => {
  await screen.run('location.hash = "#/settings"');
  await screen.says('Photos and mobile data');
  await screen.choose('Photos go', 'Over Wi-Fi only');
  await screen.choose('Data for photos each month', '250 MB');
  await screen.says('0.0 of 250 MB for photos used this month');
  await looked(screen, 'app-photo-settings');
});

test('on mobile data the words go and the photo waits, says why, and goes when a person lets it', async () => {
  screen.die();
  await ann.reports('fly_tip', example('fly_tip'), ['kerb-barrier.jpg']);
  await opens();
  await screen.says('Saved on this device – will send on Wi-Fi');
  await screen.run('location.hash = "#/waiting"');
  await screen.says('it will go on Wi-Fi');
  await screen.says('MB of photos wait');
  await looked(screen, 'app-photo-waits');
  await screen.click('button', /^Send its photos now/);
  await screen.says('All received');
  await screen.says(/0\.\d of 250 MB for photos used this month/);
  await looked(screen, 'app-photo-went');
});

test('one viewfinder takes all that is wanted, one after the other, and one of them again', async () => {
  await screen.run('location.hash = "#/shift"');
  await screen.click('button', 'Abandoned vehicle');
  await screen.says('Still to take: Front with the plate');
  const there = () => screen.run("return document.querySelectorAll('.shots li button.there').length");
  for (const taken of [1, 2, 3]) {
    await screen.click('button', 'Take the photo');
    await until(`${taken} are there`, async () => (await there()) === taken);
  }
  await looked(screen, 'app-shots');
  await screen.click('button', 'Light');
  await until('the light is on', () => screen.run("return document.querySelector('.finder .light').getAttribute('aria-pressed') === 'true'"));
  await screen.click('button', 'Done');
  await screen.click('button', /^✓.*Front with the plate/);
  const drawn = () => screen.run("return [...document.querySelectorAll('.shots .photos img')].map((image) => image.src)");
  const [first] = await until('the front is shown', async () => (await drawn()).length === 1 && drawn());
  await screen.click('button', 'Take it again');
  await screen.click('button', 'Take the photo');
  await until('the front is another photo, and the only one', async () => {
    await screen.click('button', /^✓.*Front with the plate/);
    const now = await drawn();
    return now.length === 1 && now[0] !== first;
  });
  assert.equal(await there(), 3);
});
