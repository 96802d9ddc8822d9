// Other people's clients of tus finish uploads that our device began, over a line that breaks: tus-js-client and tuspy.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Upload } from 'tus-js-client';
import { World, example, photo, top } from './world.mjs';

const PICTURE = 'harbour-crate.jpg';
const size = readFileSync(photo(PICTURE)).length;
const python = process.env.KERBSIDE_TUSPY;

let world;
let jo;

before(async () => {
  world = await World.open('tus');
  jo = await world.office('jo@example.gov.uk');
});

after(() => world?.close());

/** A device whose line is cut at the first byte of its photo: what is left is an address, and a report without its picture. */
async function begunBy(email) {
  const line = await world.line({ cutAtPhoto: 1 });
  const officer = await world.officer(email, { url: line.url });
  const { record } = await officer.reports('fly_tip', example('fly_tip'), [PICTURE]);
  await assert.rejects(officer.sync(5), /ended with/, 'the line was cut');
  assert.equal((await jo.reads(`/api/v1/records/${record}`)).photos_received, 0);
  return { officer, line, record, path: line.addresses[0] };
}

async function isWhole({ officer, line, record }) {
  const { photos_received, photos_named } = await jo.reads(`/api/v1/records/${record}`);
  assert.deepEqual([photos_received, photos_named], [1, 1]);
  line.mend();
  await officer.sync();
  assert.equal(line.uploads, 1, 'the device is told that it is here, and sends nothing of it');
}

test('tus-js-client finishes what our device began, cut twice', async () => {
  const begun = await begunBy('ann@example.gov.uk');
  const rough = await world.line({ cutAfter: [40_000, 60_000] });
  const reached = [];
  await new Promise((done, failed) => {
    const upload = new Upload(readFileSync(photo(PICTURE)), {
      uploadUrl: rough.url + begun.path,
      chunkSize: 256 * 1024,
      retryDelays: [50, 50, 50, 50],
      onChunkComplete: (_, accepted) => reached.push(accepted),
      onSuccess: done,
      onError: failed,
    });
    upload.start();
  });
  assert.equal(reached.at(-1), size);
  assert.equal(rough.breaks, 2);
  await isWhole(begun);
});

test('tuspy finishes what our device began, cut in the middle of a piece', async () => {
  const begun = await begunBy('sam@example.gov.uk');
  const rough = await world.line({ cutAfter: [Infinity, Infinity, 30_000] });
  const { stdout } = await promisify(execFile)(python, [join(top, 'e2e/tus.py'), photo(PICTURE), rough.url + begun.path]);
  assert.equal(Number(stdout), size);
  assert.equal(rough.breaks, 1);
  await isWhole(begun);
});
