// A W3C WebDriver client over fetch: the same sixty lines drive the app's own window (WebKitWebDriver) and Chromium.
// It finds things as a person or a screen reader does: by what they are and what they are called.

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const PATIENCE_MS = 20_000;

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** The app in its own window. Its environment names the vault folder. */
export async function openApp(binary, env, shots) {
  const port = await freePort();
  const driver = start('WebKitWebDriver', [`--port=${port}`], { ...env, TAURI_WEBVIEW_AUTOMATION: 'true' });
  return Screen.open(driver, port, { 'webkitgtk:browserOptions': { binary, args: [] } }, shots);
}

export async function openBrowser(shots, { width = 1280, height = 900 } = {}) {
  const port = await freePort();
  const driver = start('chromedriver', [`--port=${port}`], {});
  const args = ['--headless=new', '--no-sandbox', '--disable-gpu', `--window-size=${width},${height}`, '--lang=en-GB'];
  return Screen.open(driver, port, { 'goog:chromeOptions': { args } }, shots);
}

/** In a process group of its own: a driver that dies first would leave its window alive, holding our output open. */
function start(program, args, env) {
  return spawn(program, args, { detached: true, stdio: 'ignore', env: { ...process.env, ...env } });
}

export class Screen {
  static async open(driver, port, alwaysMatch, shots) {
    const screen = new Screen();
    Object.assign(screen, { driver, base: `http://127.0.0.1:${port}`, shots });
    try {
      await until('the driver listens', () => screen.call('GET', '/status').catch(() => null));
      const { sessionId } = await screen.call('POST', '/session', { capabilities: { alwaysMatch } });
      screen.base += `/session/${sessionId}`;
    } catch (reason) {
      await screen.close();
      throw reason;
    }
    return screen;
  }

  async call(method, path, body) {
    const answer = await fetch(this.base + path, {
      method,
      body: method === 'POST' ? JSON.stringify(body ?? {}) : undefined,
      signal: AbortSignal.timeout(60_000),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  }

  go(address) {
    return this.call('POST', '/url', { url: address });
  }

  run(script, ...args) {
    return this.call('POST', '/execute/sync', { script, args });
  }

  text() {
    return this.run('return document.body.innerText');
  }

  /** Waits until the page says it. */
  async says(words) {
    const wanted = words instanceof RegExp ? (page) => words.test(page) : (page) => page.includes(words);
    try {
      await until(`the screen says ${words}`, async () => wanted(await this.text()));
    } catch (reason) {
      throw new Error(`${reason.message}; it says:\n${await this.text()}`);
    }
  }

  /** The first visible thing of that role whose name is, begins with, or matches `name`. */
  async find(role, name, within = '') {
    const [source, exact] = name instanceof RegExp ? [name.source, false] : [name, true];
    try {
      return await until(`there is a ${role} called ${name}`, () => this.run(FIND, role, source, exact, within));
    } catch (reason) {
      throw new Error(`${reason.message}; the screen says:\n${await this.text()}`);
    }
  }

  async has(role, name) {
    const [source, exact] = name instanceof RegExp ? [name.source, false] : [name, true];
    return (await this.run(FIND, role, source, exact, '')) !== null;
  }

  /** `within` picks one of several by what the item of the list around it says. */
  async click(role, name, within) {
    const element = await this.find(role, name, within);
    try {
      await this.run('arguments[0].scrollIntoView({ block: "center" })', element);
      await this.standsStill(element);
      await this.call('POST', `/element/${element[ELEMENT]}/click`);
    } catch (reason) {
      // The page drew itself anew between the look and the click.
      if (!reason.message.includes('stale element')) throw reason;
      await this.click(role, name, within);
    }
  }

  /** A click goes to a point: what comes meanwhile may move another thing there. */
  async standsStill(element) {
    let before = null;
    await until('it stands still', async () => {
      const now = await this.run('const { x, y } = arguments[0].getBoundingClientRect(); return `${x} ${y}`', element);
      const still = now === before;
      before = now;
      return still;
    });
  }

  async fill(name, words) {
    const element = await this.find('textbox', name);
    await this.run('arguments[0].scrollIntoView({ block: "center" })', element);
    await this.call('POST', `/element/${element[ELEMENT]}/clear`);
    await this.call('POST', `/element/${element[ELEMENT]}/value`, { text: words });
  }

  /** A key pressed wherever the focus is. */
  async press(key) {
    const element = await this.call('GET', '/element/active');
    await this.call('POST', `/element/${element[ELEMENT]}/value`, { text: key });
  }

  /** Taps a choice of a question, by its label as a thumb would: the round mark itself may be drawn, not real. */
  async choose(question, choice) {
    const element = await until(`“${question}” offers “${choice}”`, () => this.run(CHOICE, question, choice));
    await this.run('arguments[0].scrollIntoView({ block: "center" })', element);
    await this.call('POST', `/element/${element[ELEMENT]}/click`);
  }

  /** Gives a file to a file input, hidden or not. */
  async give(name, file) {
    const element = await this.find('file', name);
    await this.call('POST', `/element/${element[ELEMENT]}/value`, { text: file });
  }

  /** Chromium's page in another size, smaller than a window may be too. */
  resize(width, height) {
    const params = { width, height, deviceScaleFactor: 1, mobile: false };
    return this.call('POST', '/goog/cdp/execute', { cmd: 'Emulation.setDeviceMetricsOverride', params });
  }

  /** A hand that presses at one point of the page and lets go at another. */
  drag(from, to) {
    const move = ([x, y], duration) => ({ type: 'pointerMove', duration, x: Math.round(x), y: Math.round(y) });
    const half = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
    const actions = [move(from, 0), { type: 'pointerDown', button: 0 }, move(half, 50), move(to, 50), { type: 'pointerUp', button: 0 }];
    return this.call('POST', '/actions', { actions: [{ type: 'pointer', id: 'hand', parameters: { pointerType: 'mouse' }, actions }] });
  }

  async shot(name) {
    mkdirSync(this.shots, { recursive: true });
    writeFileSync(join(this.shots, `${name}.png`), await this.picture());
  }

  /** The window as it looks, as bytes of a PNG. */
  async picture() {
    return Buffer.from(await this.call('GET', '/screenshot'), 'base64');
  }

  async close() {
    await this.call('DELETE', '').catch(() => null);
    this.die();
  }

  /** As when the battery is pulled out: nothing is asked to finish. */
  die() {
    try {
      process.kill(-this.driver.pid, 'SIGKILL');
    } catch (reason) {
      if (reason.code !== 'ESRCH') throw reason;
    }
  }
}

export async function until(what, ask, patience = PATIENCE_MS) {
  for (const end = Date.now() + patience; Date.now() < end; await sleep(100)) {
    const answer = await ask();
    if (answer) return answer;
  }
  throw new Error(`Waited ${patience / 1000} s in vain until ${what}`);
}

const CHOICE = `
  const [question, choice] = arguments;
  const clean = (element) => (element?.textContent ?? '').replace(/\\s+/g, ' ').trim();
  const asked = [...document.querySelectorAll('fieldset')].find((group) => clean(group.querySelector('legend')).startsWith(question));
  return [...(asked?.querySelectorAll('label') ?? [])].find((label) => clean(label) === choice) ?? null;
`;

const FIND = `
  const [role, wanted, exact, within] = arguments;
  const kinds = {
    button: 'button, [role=button], summary, input[type=submit]',
    link: 'a[href]',
    heading: 'h1, h2, h3, h4, [role=heading]',
    textbox: 'input:not([type=radio]):not([type=checkbox]):not([type=file]), textarea',
    radio: 'input[type=radio], [role=radio]',
    checkbox: 'input[type=checkbox], [role=checkbox]',
    combobox: 'select, [role=combobox]',
    option: 'option, [role=option]',
    file: 'input[type=file]',
    any: '*',
  };
  const clean = (text) => (text ?? '').replace(/\\s+/g, ' ').trim();
  const name = (element) => {
    const by = element.getAttribute('aria-labelledby');
    if (by) return clean(by.split(' ').map((id) => document.getElementById(id)?.textContent).join(' '));
    if (element.getAttribute('aria-label')) return clean(element.getAttribute('aria-label'));
    if (element.labels?.length) return clean([...element.labels].map((label) => label.textContent).join(' '));
    return clean(element.textContent) || clean(element.getAttribute('title')) || clean(element.value);
  };
  const seen = (element) =>
    role === 'file' || role === 'radio' || role === 'checkbox' || (element.getClientRects().length > 0 && getComputedStyle(element).visibility !== 'hidden');
  // What lies under an open dialog nobody can reach.
  const top = document.querySelector('dialog:modal') ?? document;
  const all = [...top.querySelectorAll(kinds[role])].filter(
    (element) => seen(element) && !element.disabled && (!within || element.closest('li, article')?.textContent.includes(within)),
  );
  const pattern = exact ? null : new RegExp(wanted);
  return (
    all.find((element) => (exact ? name(element) === wanted : pattern.test(name(element)))) ??
    (exact ? all.find((element) => name(element).startsWith(wanted)) : null) ??
    null
  );
`;
