// Photos at the office, in Chromium: looked at closely, two side by side, faces covered by hand and by keyboard, and who is
// shown what afterwards.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lookedWide, wrongs } from './measures.mjs';
import { openBrowser, until } from './webdriver.mjs';
import { World, example, shots } from './world.mjs';

const KEY = { left: '\uE012', up: '\uE013', right: '\uE014', down: '\uE015', escape: '\uE00C' };

let world;
let screen;
let record;

before(async () => {
  world = await World.open('gallery');
  const ann = await world.officer('ann@example.gov.uk');
  ({ record } = await ann.reports('fly_tip', example('fly_tip'), ['cobbled-street.jpg', 'kerb-barrier.jpg', 'street-corner.jpg']));
  await ann.sync();
  screen = await openBrowser(shots);
});

after(async () => {
  await screen?.close();
  world?.close();
});

async function opensCase(email) {
  await world.signsIn(screen, email);
  await screen.click('link', /FT-\d{6}/);
  await screen.says('All 3 photos received');
}

const drawn = (where) => screen.run(`return [...document.querySelectorAll('${where} img')].filter((image) => image.naturalWidth > 0).length`);
/** Of the large picture: where it lies on the page. */
const picture = () => screen.run("const box = document.querySelector('dialog .stage img').getBoundingClientRect(); return [box.left, box.top, box.width, box.height]");
const isLarge = () => until('the picture is there', async () => (await drawn('dialog .stage')) > 0 && (await picture())[2] > 50);

test('the gallery shows every photo with its shot, who took it and when', async () => {
  await screen.resize(1280, 900);
  await opensCase('jo@example.gov.uk');
  await until('three are drawn', async () => (await drawn('main')) === 3);
  await screen.says('Ann Bailey');
  await lookedWide(screen, 'gallery');
  assert.deepEqual(await wrongs(screen), []);
});

test('a photo is looked at closely, by keys and by wheel', async () => {
  await screen.click('button', /Photo 1 of 3/);
  await isLarge();
  await screen.says('Fingerprint (SHA-256)');
  await screen.says(/1024|pixels/);
  const whole = await picture();
  await screen.press('+');
  await screen.press('+');
  await screen.says('225 %');
  const near = await picture();
  assert.ok(near[2] > 2 * whole[2]);
  await screen.press(KEY.right);
  assert.ok((await picture())[0] < near[0], 'the arrow moves the picture while it is larger than its stage');
  await lookedWide(screen, 'lightbox-zoomed');
  await screen.press('0');
  await screen.says('100 %');
  await screen.press(KEY.right);
  await screen.says('Photo 2 of 3');
  await isLarge();
  await lookedWide(screen, 'lightbox');
  assert.deepEqual(await wrongs(screen), []);
});

test('two photos stand side by side and are zoomed together', async () => {
  await screen.click('button', 'Side by side');
  await until('both are drawn', async () => (await drawn('dialog .stage')) === 2);
  await screen.click('button', 'Zoom in');
  const widths = () => screen.run("return [...document.querySelectorAll('dialog .stage')].map((stage) => stage.querySelector('img').getBoundingClientRect().width / stage.clientWidth)");
  await screen.says('150 %');
  const [left, right] = await widths();
  assert.ok(left > 1 && right > 1, `${left} and ${right}`);
  await lookedWide(screen, 'lightbox-compare');
  assert.deepEqual(await wrongs(screen), []);
  await screen.press(KEY.escape);
  await screen.says('Photo 2 of 3');
});

test('a face is covered by drawing a box, and a plate by the keyboard alone', async () => {
  await isLarge();
  await screen.click('button', 'Cover faces and plates');
  await screen.says('Draw a box over each face');
  await isLarge();
  const [left, top, width, height] = await picture();
  await screen.drag([left + width * 0.1, top + height * 0.1], [left + width * 0.3, top + height * 0.4]);
  await screen.says('Box 1 of 1');
  await screen.click('button', 'Add a box');
  await screen.says('Box 2 of 2');
  const box = () => screen.run("const box = document.activeElement.style; return [parseFloat(box.left), parseFloat(box.width)]");
  await until('the new box has the focus', async () => (await screen.run('return document.activeElement.id')) === 'box-1');
  const before = await box();
  await screen.press(KEY.right);
  await screen.press(`\uE008${KEY.right}\uE008`);
  const after = await box();
  assert.ok(after[0] > before[0] && after[1] > before[1], 'arrows move it, and with Shift change its size');
  await lookedWide(screen, 'lightbox-boxes');
  assert.deepEqual(await wrongs(screen), []);
  await screen.click('button', 'Keep these boxes');
  await screen.says('Faces and plates covered');
  await screen.says(/2 boxes covered by you/i);
  await isLarge();
  await lookedWide(screen, 'lightbox-covered');
  await screen.click('button', 'Close');
  await lookedWide(screen, 'gallery-covered');
});

test('an officer without the right sees it covered everywhere, and cannot uncover it', async () => {
  await screen.click('button', 'Sign out');
  await opensCase('ann@example.gov.uk');
  await screen.says('Faces and plates covered');
  assert.equal(await screen.has('link', 'With sealed originals (zip)'), false);
  await screen.click('button', /Photo 2 of 3/);
  await isLarge();
  const dark = await screen.run(`
    const image = document.querySelector('dialog .stage img');
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const drawing = canvas.getContext('2d');
    drawing.drawImage(image, 0, 0);
    return [...drawing.getImageData(image.naturalWidth * 0.2, image.naturalHeight * 0.25, 1, 1).data];
  `);
  assert.ok(Math.max(...dark.slice(0, 3)) < 60, `the face is ${dark}`);
  assert.equal(await screen.has('link', 'Open the sealed original'), false);
  await screen.click('button', 'Cover faces and plates');
  await screen.says('You can cover more of it');
  assert.equal(await screen.has('button', 'Take this box away'), false);
  await screen.click('button', 'Cancel');
  await screen.click('button', 'Close');
});

test('whoever may uncovers it, and what was done stays in its history', async () => {
  await screen.click('button', 'Sign out');
  await opensCase('jo@example.gov.uk');
  await screen.click('button', /Photo 2 of 3/);
  await screen.click('button', 'Cover faces and plates');
  for (const box of [2, 1]) {
    await screen.click('button', `Box ${box} of ${box}`);
    await screen.click('button', 'Take this box away');
  }
  await screen.click('button', 'Uncover the photo');
  await screen.says(/Uncovered by you/i);
  await screen.says(/2 boxes covered by you/i);
  const office = await world.office('jo@example.gov.uk');
  const { covers } = await office.reads(`/api/v1/records/${record}`);
  assert.deepEqual(covers.map((cover) => cover.boxes.length), [2, 0]);
});
