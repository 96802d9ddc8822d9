/** What the web view says of the line, and whether maps may come over any: a matter of taste, kept by the web view. */

const KEPT = 'kerbside.maps_any_line';

export function mapsOverAnyLine(): boolean {
  return localStorage.getItem(KEPT) === 'yes';
}

export function setMapsOverAnyLine(any: boolean): void {
  localStorage.setItem(KEPT, any ? 'yes' : 'no');
}

/** Whether the line costs money; null where the web view does not say. */
export function metered(connection: { type?: string; saveData?: boolean } | undefined): boolean | null {
  if (connection?.saveData === true || connection?.type === 'cellular') return true;
  return connection?.type === 'wifi' || connection?.type === 'ethernet' ? false : null;
}
