// The officer, in the app's own window: from a one-time code to a choice between two answers.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { looked } from './measures.mjs';
import { openApp, until } from './webdriver.mjs';
import { PIN, World, built, example, label, photo, shots } from './world.mjs';

let world;
let line;
let screen;
let record;
let fixes;
let open;

before(async () => {
  world = await World.open('app');
  line = await world.line();
  fixes = join(world.folder, 'fixes');
  writeFileSync(fixes, '');
  const env = { KERBSIDE_VAULT: join(world.folder, 'app'), KERBSIDE_MOCK_CAMERA: '1', KERBSIDE_POSITION: `script:${fixes}` };
  open = () => openApp(built('kerbside-app'), env, shots);
  screen = await open();
});

after(async () => {
  await screen?.close();
  world?.close();
});

/** How bright each photo of the form is on average, of 255. */
const BRIGHTNESS = `
  return [...document.querySelectorAll('fieldset img')].filter((image) => image.naturalWidth > 0).map((image) => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 16;
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0, 16, 16);
    const values = pen.getImageData(0, 0, 16, 16).data.filter((_, at) => at % 4 !== 3);
    return values.reduce((sum, value) => sum + value) / values.length;
  });
`;

test('a device is set up with a one-time code', async () => {
  await screen.fill('Address of your office', line.url);
  await screen.fill('Code', 'AAAA-BBBB-CCCC-DD');
  await screen.fill('Choose a PIN', PIN);
  await screen.fill('The same PIN again', '294818');
  await screen.click('button', 'Set up this device');
  await screen.says('The two PINs must be the same');
  await looked(screen, 'app-enrol-problem');
  await screen.fill('The same PIN again', PIN);
  await screen.fill('Code', await world.code('ann@example.gov.uk'));
  await screen.click('button', 'Set up this device');
  await screen.says('Ann');
  await screen.says('W07');
  await screen.says('Nothing yet today');
  await looked(screen, 'app-shift');
});

test('it is locked and opened again with the PIN', async () => {
  await screen.click('button', 'Lock');
  await screen.says('Ann Bailey');
  await screen.fill('PIN', '111111');
  await screen.click('button', 'Unlock');
  await screen.says('That is not the PIN');
  await looked(screen, 'app-wrong-pin');
  for (const figure of PIN) await screen.click('button', figure);
  await screen.click('button', 'Unlock');
  await screen.says('My records');
});

test('two taps from the shift, a photograph is taken', async () => {
  line.cut();
  await screen.click('button', 'Fly-tip');
  await screen.click('button', 'Take the photo');
  await screen.says('1 taken');
  await looked(screen, 'app-viewfinder');
});

test('one that came out badly is taken again, and takes the place of the other', async () => {
  const drawn = () => screen.run("return [...document.querySelectorAll('fieldset img')].filter((image) => image.naturalWidth > 0).map((image) => image.src)");
  const [first, ...others] = await until('the first is drawn', async () => (await drawn()).length > 0 && drawn());
  assert.deepEqual(others, []);
  await screen.click('button', 'Take the last one again');
  await screen.says('The next replaces the last');
  await screen.click('button', 'Take the photo');
  await until('another stands in its place', async () => {
    const now = await drawn();
    return now.length === 1 && now[0] !== first;
  });
  await screen.says('1 taken');
  await screen.click('button', 'Done');
});

test('another is chosen from the phone', async () => {
  await screen.give('Choose a photo', photo('cobbled-street.jpg'));
  await until('two photos are drawn, neither of them black', async () => {
    const brightness = await screen.run(BRIGHTNESS);
    return brightness.length === 2 && brightness.every((mean) => mean > 20);
  });
  await looked(screen, 'app-photos');
});

test('the place shows how good and how old it is, and a pin may be put elsewhere', async () => {
  await screen.says('Place a pin instead');
  writeFileSync(fixes, JSON.stringify({ lat: 52.62901, lon: 1.29233, accuracy_m: 6 }));
  await screen.says('within 6 m');
  await screen.says('52.62901');
  await looked(screen, 'app-place');
  await screen.click('button', 'Move');
  await looked(screen, 'app-pin');
  await screen.click('button', 'Type latitude and longitude');
  await screen.fill('Latitude', '52.6285');
  await screen.fill('Longitude', '1.2920');
  await screen.click('button', 'Put the pin here');
  await screen.says('Place kept');
  await screen.says('pin placed by hand');
});

test('the battery dies in the middle of the form, and nothing that was given is lost', async () => {
  await screen.fill('Exact place in words', 'By the bus shelter');
  await screen.says('Draft kept');
  screen.die();
  screen = await open();
  for (const figure of PIN) await screen.click('button', figure);
  await screen.click('button', 'Unlock');
  await screen.says('Carry on');
  await looked(screen, 'app-carry-on');
  await screen.click('button', /Not saved yet/);
  await screen.says('pin placed by hand');
  await until('both photos are still there', async () => (await screen.run(BRIGHTNESS)).length === 2);
  const typed = await screen.run("return [...document.querySelectorAll('input')].map((box) => box.value)");
  assert.ok(typed.includes('By the bus shelter'));
});

test('what is left to answer is said before and after saving is tried', async () => {
  await screen.click('button', 'Save on this device');
  await screen.says('There is a problem');
  await looked(screen, 'app-problem');
});

test('the form is filled in and saved without a connection', async () => {
  const { waste, size, hazards, evidence } = example('fly_tip');
  await screen.choose('What is most of the waste?', label('flytipping.waste', waste));
  await screen.choose('How much is there?', label('flytipping.size', size));
  await screen.choose('Are there any hazards?', label('flytipping.hazards', hazards[0]));
  await screen.choose('Is there evidence of who left it?', label('common.yes_no', evidence));
  await screen.says('Draft kept');
  await looked(screen, 'app-form');
  await screen.click('button', 'Save on this device');
  await screen.says('My records');
  await screen.says('Saved on this device');
  await screen.says(/W07-\d+/);
  await screen.says(/1 waiting/);
  await looked(screen, 'app-saved');
});

test('the officer sees what waits and why, and then that it was received', async () => {
  await screen.click('button', /1 waiting/);
  await screen.says('Why: no signal');
  await looked(screen, 'app-waiting');
  line.mend();
  await screen.click('button', 'Try now');
  await screen.says('Everything you saved has been received');
  await screen.click('button', 'Back');
  await screen.says('Received');
  await screen.says(/FT-\d{6}/);
  await looked(screen, 'app-received');
  const office = await world.office('jo@example.gov.uk');
  const { records } = await office.reads('/api/v1/trays/arrived');
  assert.equal(records.length, 1);
  [{ record }] = records;
  await until('both photos are there', async () => (await office.reads(`/api/v1/records/${record}`)).photos_received === 2);
});

test('two answers stand side by side until the officer chooses', async () => {
  line.cut();
  const office = await world.office('jo@example.gov.uk');
  await office.answers(record, 'more/where_text', 'On the verge beside the bus shelter');
  await screen.click('button', /FT-\d{6}/);
  await screen.click('button', 'Change something');
  await screen.fill('Exact place in words', 'In the passage behind the bus shelter');
  await screen.says('Draft kept');
  await screen.click('button', 'Save on this device');
  await screen.says(/1 waiting/);
  line.mend();
  await screen.click('button', /1 waiting/);
  await screen.click('button', 'Try now');
  await screen.says('There are two answers to choose between');
  await screen.click('button', 'Back');
  await screen.says('Two answers');
  await screen.click('button', /FT-\d{6}/);
  await screen.says('On the verge beside the bus shelter');
  await screen.says('In the passage behind the bus shelter');
  await screen.says('Jo Ali');
  await looked(screen, 'app-two-answers');
  await screen.click('button', 'Keep theirs: On the verge beside the bus shelter');
  await until('one answer is left', async () => !(await screen.text()).includes('Two answers'));
  await screen.says('On the verge beside the bus shelter');
  await looked(screen, 'app-chosen');
  const values = async () => {
    const { view } = await office.reads(`/api/v1/records/${record}`);
    return view.fields.find((field) => field.field === 'more/where_text').values.map((value) => value.answer);
  };
  await until('the office sees the choice', async () => (await values()).length === 1);
  assert.deepEqual(await values(), ['On the verge beside the bus shelter']);
});
