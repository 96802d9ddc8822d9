// What a gloved thumb, large text and a screen reader need of every screen of the app: targets of 56 px, nothing off the
// side, and nothing that axe finds wrong in any theme, contrast included.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE = `const [themes] = arguments;
return (async () => {
  ${axe};
  const root = document.documentElement;
  const shown = root.dataset.theme;
  const problems = [];
  for (const theme of themes) {
    root.dataset.theme = theme;
    await Promise.all(document.getAnimations().map((moving) => moving.finished.catch(() => null)));
    const { violations } = await axe.run(document, { resultTypes: ['violations'], iframes: false });
    for (const { id, nodes } of violations) {
      for (const { target, failureSummary } of nodes) problems.push([theme, id, target.join(' '), failureSummary].join(': '));
    }
  }
  root.dataset.theme = shown;
  return problems;
})()`;

const MEASURE = `
  const GLOVE = 56;
  const problems = [];
  const shown = (element) => element.checkVisibility?.() !== false && element.getClientRects().length > 0;
  for (const control of document.querySelectorAll('button, a[href], input, textarea, select, summary')) {
    if (control.matches('.skip') || control.closest('.out-of-sight') || !shown(control)) continue;
    const target = control.matches('input[type=radio], input[type=checkbox], input[type=file]') ? (control.closest('label') ?? control) : control;
    const { width, height } = target.getBoundingClientRect();
    if (Math.round(width) < GLOVE || Math.round(height) < GLOVE) {
      const name = control.getAttribute('aria-label') || target.textContent.trim() || control.id;
      problems.push(name + ' is ' + Math.round(width) + ' by ' + Math.round(height) + ' px');
    }
  }
  const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (over > 0) problems.push('the page is ' + over + ' px wider than the window');
  return problems;
`;

export async function measure(screen) {
  const measured = await screen.run(MEASURE);
  return [...measured, ...(await wrongs(screen, ['light', 'dark', 'outdoor']))];
}

/** What axe finds wrong on a page of the office, in each theme. A frame is a page of its own, asked for by itself. */
export function wrongs(screen, themes = ['light', 'dark']) {
  return screen.run(AXE, themes);
}

/** A screen of the app that is photographed is measured too. */
export async function looked(screen, name) {
  await screen.shot(name);
  assert.deepEqual(await measure(screen), [], name);
}

/** A page of the office as it is on a desktop, in the dark, and on the narrowest screen. */
export async function lookedWide(screen, name) {
  await screen.shot(name);
  await screen.run("document.documentElement.dataset.theme = 'dark'");
  await screen.shot(`${name}-dark`);
  await screen.run("document.documentElement.dataset.theme = 'light'");
  await screen.resize(320, 640);
  await screen.shot(`${name}-narrow`);
  const over = await screen.run('return document.documentElement.scrollWidth - document.documentElement.clientWidth');
  assert.equal(over, 0, `${name} is wider than a narrow screen`);
  await screen.resize(1280, 900);
}
