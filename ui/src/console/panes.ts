/** How wide the two left panes are, in rem so that they grow with the reader's text; remembered between visits. */

export interface Panes {
  trays: number;
  list: number;
}
export type PaneName = keyof Panes;

export const STANDARD_PANES: Panes = { trays: 13, list: 31 };
const LIMITS: Record<PaneName, { least: number; most: number }> = {
  trays: { least: 9, most: 22 },
  list: { least: 17, most: 48 },
};
const KEY = 'kerbside.console.panes';

export function limitsOf(name: PaneName): { least: number; most: number } {
  return LIMITS[name];
}

export function withPane(panes: Panes, name: PaneName, width: number): Panes {
  const { least, most } = LIMITS[name];
  return { ...panes, [name]: Math.min(most, Math.max(least, Math.round(width * 4) / 4)) };
}

/** The window-splitter keys: arrows step, Home and End go to the limits, Enter restores the standard width. */
export function paneKey(panes: Panes, name: PaneName, key: string): Panes | null {
  const { least, most } = LIMITS[name];
  if (key === 'ArrowLeft') return withPane(panes, name, panes[name] - 1);
  if (key === 'ArrowRight') return withPane(panes, name, panes[name] + 1);
  if (key === 'Home') return withPane(panes, name, least);
  if (key === 'End') return withPane(panes, name, most);
  if (key === 'Enter') return withPane(panes, name, STANDARD_PANES[name]);
  return null;
}

export function rememberedPanes(storage: Pick<Storage, 'getItem'>): Panes {
  const [trays, list] = (storage.getItem(KEY) ?? '').split(' ').map(Number);
  if (!trays || !list) return STANDARD_PANES;
  return withPane(withPane(STANDARD_PANES, 'trays', trays), 'list', list);
}

export function rememberPanes(storage: Pick<Storage, 'setItem'>, panes: Panes): void {
  storage.setItem(KEY, `${panes.trays} ${panes.list}`);
}
