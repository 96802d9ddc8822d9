// The real server with the demonstration council, and officers whose devices are the real `kerbside`: what a test through
// a window needs around it. Each world has folders and ports of its own.

import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const top = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const shots = join(top, 'target/e2e');
const builds = process.env.KERBSIDE_BUILT ?? join(top, 'target/debug');
export const built = (name) => join(builds, name);
export const photo = (name) => join(top, 'e2e/photos', name);

export const PIN = '294817';

export class World {
  static async open(name) {
    const world = new World();
    world.folder = mkdtempSync(join(tmpdir(), `kerbside-e2e-${name}-`));
    world.data = join(world.folder, 'server');
    mkdirSync(world.data);
    const council = join(top, 'schemas/councils/demo.json');
    world.passwords = new Map();
    for (const line of await world.admin('council', 'load', council, '--demo-passwords')) {
      if (line.email) world.passwords.set(line.email, line.password);
    }
    await world.serve('127.0.0.1:0');
    return world;
  }

  async serve(bind) {
    const log = openSync(join(this.folder, 'server.log'), 'a');
    this.server = spawn(built('kerbside-server'), ['serve', '--data', this.data, '--bind', bind], { stdio: ['ignore', 'pipe', log] });
    for await (const line of createInterface({ input: this.server.stdout })) {
      this.url = JSON.parse(line).listening;
      return;
    }
    throw new Error(`The server did not start:\n${readFileSync(join(this.folder, 'server.log'), 'utf8')}`);
  }

  admin(...words) {
    return said(built('kerbside-server'), ['admin', ...words, '--data', this.data], process.env);
  }

  /** Brings a form in and publishes it for a team, as the system manager does without a browser. */
  brings(file, team) {
    return said(built('kerbside-server'), ['import', 'forms', file, '--publish', '--team', team, '--data', this.data], process.env);
  }

  /** Brings the map of the demonstration in. */
  bringsMap() {
    return said(built('kerbside-server'), ['import', 'area-pack', process.env.KERBSIDE_AREA_PACK, '--name', 'Norwich', '--data', this.data], process.env);
  }

  /** Brings the addresses of the demonstration in. */
  bringsAddresses() {
    const words = ['--profile', 'csv', '--source', 'Invented', '--data', this.data];
    return said(built('kerbside-server'), ['import', 'gazetteer', process.env.KERBSIDE_ADDRESSES, ...words], process.env);
  }

  /** Brings the lamp columns and the litter bins of the demonstration in. */
  async bringsAssets() {
    const brings = (file, key, kind, ...facts) => {
      const words = ['import', 'assets', file, '--key', key, '--kind', kind, ...facts.flatMap((fact) => ['--fact', fact]), '--data', this.data];
      return said(built('kerbside-server'), words, process.env);
    };
    await brings(process.env.KERBSIDE_LAMPS, 'lamps', 'lamp', 'watts=Watts', 'height_m=Height in metres');
    await brings(process.env.KERBSIDE_BINS, 'bins', 'litter-bin', 'litres=Litres', 'emptied=Emptied');
  }

  backsUp(folder) {
    return said(built('kerbside-server'), ['backup', folder, '--data', this.data], process.env);
  }

  /** The server is lost, and what a backup holds serves in its place at the same address. */
  async restores(folder) {
    this.server.kill('SIGKILL');
    await new Promise((gone) => this.server.once('exit', gone));
    this.data = join(this.folder, 'restored');
    await said(built('kerbside-server'), ['restore', folder, '--data', this.data], process.env);
    await this.serve(new URL(this.url).host);
  }

  async code(email) {
    const [{ code }] = await this.admin('device', 'code', '--officer', email);
    return code;
  }

  /** Somebody who has their code in hand sets this app up. */
  async enrols(screen, email, url = this.url) {
    await screen.fill('Address of your office', url);
    await screen.fill('Code', await this.code(email));
    await screen.fill('Choose a PIN', PIN);
    await screen.fill('The same PIN again', PIN);
    await screen.click('button', 'Set up this device');
  }

  /** Somebody opens the console in this browser. */
  async signsIn(screen, email) {
    await screen.go(`${this.url}/console/`);
    await screen.fill('Email address', email);
    await screen.fill('Password', this.passwords.get(email));
    await screen.click('button', 'Sign in');
  }

  /** An officer with an enrolled device, reached through `url`. */
  async officer(email, { pin = PIN, url = this.url } = {}) {
    const vault = join(this.folder, email);
    const own = { ...process.env, KERBSIDE_PIN: pin, KERBSIDE_KEY_STORE: 'file' };
    const does = (...words) => said(built('kerbside'), ['--vault', vault, '--json', ...words], own);
    await does('enrol', '--server', url, '--code', await this.code(email));
    await does('sync', '--once');
    return {
      does,
      sync: (deadline = 60) => does('sync', '--until-idle', '--deadline', `${deadline}`),
      async reports(form, answers, photos, at = '52.6285,1.2920,6') {
        const given = ['--answers', '-', ...photos.flatMap((name) => ['--photo', photo(name)]), '--at', at];
        const [saved] = await said(built('kerbside'), ['--vault', vault, '--json', 'create', '--form', form, ...given], own, answers);
        return saved;
      },
      async edits(record, answers) {
        return said(built('kerbside'), ['--vault', vault, '--json', 'edit', record, '--answers', '-'], own, answers);
      },
    };
  }

  /**
   * A line to the server that can really be cut: by us, at the n-th upload of a photo, or each connection in turn after so
   * many bytes. It remembers to which addresses photos were sent.
   */
  async line({ cutAtPhoto = Infinity, cutAfter = [] } = {}) {
    const { port } = new URL(this.url);
    const open = new Set();
    const line = {
      uploads: 0,
      addresses: [],
      breaks: 0,
      isCut: false,
      cut() {
        line.isCut = true;
        for (const socket of open) socket.destroy();
      },
      mend() {
        line.isCut = false;
        cutAtPhoto = Infinity;
      },
    };
    const relay = createServer((near) => {
      if (line.isCut) return near.destroy();
      const far = connect(Number(port), '127.0.0.1');
      for (const socket of [near, far]) {
        open.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => (near.destroy(), far.destroy(), open.delete(socket)));
      }
      let left = cutAfter.shift() ?? Infinity;
      near.on('data', (bytes) => {
        if (left <= 0) return;
        const sentTo = [...bytes.toString('latin1').matchAll(/PATCH (\/v1\/uploads\/\S+) /g)].map(([, path]) => path);
        line.addresses.push(...sentTo);
        line.uploads += sentTo.length;
        if (line.uploads >= cutAtPhoto) return line.cut();
        far.write(bytes.subarray(0, left));
        left -= bytes.length;
        // What was written arrives first: a piece that broke off, and not one that never came.
        if (left > 0) return;
        line.breaks += 1;
        far.end(() => near.destroy());
      });
      far.pipe(near);
    });
    await new Promise((listening) => relay.listen(0, '127.0.0.1', listening));
    this.relays = [...(this.relays ?? []), relay];
    line.url = `http://127.0.0.1:${relay.address().port}`;
    return line;
  }

  /** Somebody at a desk, by the console's own interface. */
  async office(email) {
    const origin = { origin: this.url, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };
    const ask = async (method, path, body, headers) => {
      const answer = await fetch(this.url + path, { method, headers: { ...origin, ...headers }, body: body && JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer;
    };
    const signedIn = await ask('POST', '/api/v1/session', { email, password: this.passwords.get(email) });
    const [cookie] = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]);
    const proof = { cookie, 'kerbside-csrf': (await signedIn.json()).csrf };
    const reads = async (path) => (await ask('GET', path, undefined, proof)).json();
    return {
      reads,
      async answers(record, field, answer) {
        const { seen } = (await reads(`/api/v1/records/${record}`)).view.fields.find((shown) => shown.field === field);
        return ask('POST', `/api/v1/records/${record}/changes`, { edits: [{ field, answer, seen }] }, proof);
      },
    };
  }

  close() {
    this.server.kill('SIGKILL');
    for (const relay of this.relays ?? []) relay.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The form's own first example, without its photos: answers that may be saved. */
export function example(form) {
  const { answers } = JSON.parse(readFileSync(join(top, `schemas/forms/${form}.json`), 'utf8')).examples[0];
  const isPicture = (answer) => Array.isArray(answer) && /^[0-9a-f]{64}$/.test(answer[0]);
  return Object.fromEntries(Object.entries(answers).filter(([, answer]) => !isPicture(answer)));
}

/** What a person reads for a choice of a code list, such as `flytipping.size` and `car_boot`. */
export function label(list, name) {
  const [file, key] = list.split('.');
  return JSON.parse(readFileSync(join(top, `schemas/codes/${file}.json`), 'utf8')).lists[key].find((choice) => choice.name === name).label.en;
}

/** Runs a program and gives its lines of JSON. An end other than 0 is thrown with what was said. */
function said(program, words, env, input) {
  return new Promise((done, failed) => {
    const child = execFile(program, words, { env, maxBuffer: 1 << 26 }, (error, out, complaint) => {
      if (error) failed(new Error(`${words.join(' ')}: ended with ${error.code}: ${complaint}`));
      else done(out.split('\n').filter(Boolean).map((line) => JSON.parse(line)));
    });
    if (input !== undefined) child.stdin.write(JSON.stringify(input));
    child.stdin.end();
  });
}
