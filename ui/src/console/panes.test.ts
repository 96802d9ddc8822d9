import { expect, test } from 'vitest';
import { paneKey, rememberedPanes, rememberPanes, STANDARD_PANES, withPane } from './panes';

test('a pane cannot be dragged away or over everything else', () => {
  expect(withPane(STANDARD_PANES, 'trays', 1).trays).toBe(9);
  expect(withPane(STANDARD_PANES, 'list', 400).list).toBe(48);
});

test('arrows step, Home and End reach the limits, Enter puts it back', () => {
  const wider = paneKey(STANDARD_PANES, 'list', 'ArrowRight');
  expect(wider?.list).toBe(32);
  expect(paneKey(STANDARD_PANES, 'list', 'Home')?.list).toBe(17);
  expect(wider && paneKey(wider, 'list', 'Enter')?.list).toBe(31);
  expect(paneKey(STANDARD_PANES, 'list', 'Tab')).toBeNull();
});

test('widths are the same at the next visit, and a spoilt memory is the standard', () => {
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  rememberPanes(storage, { trays: 11, list: 30.5 });
  expect(rememberedPanes(storage)).toEqual({ trays: 11, list: 30.5 });
  kept.set('kerbside.console.panes', 'wide');
  expect(rememberedPanes(storage)).toEqual(STANDARD_PANES);
});
