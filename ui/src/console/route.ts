/** What the address says is open, so that Back, reload and a link sent to a colleague all work. */

export interface Route {
  page: 'records' | 'devices';
  tray: string | null;
  query: string | null;
  record: string | null;
}

export const NOWHERE: Route = { page: 'records', tray: null, query: null, record: null };
export const DEVICES: Route = { ...NOWHERE, page: 'devices' };

export function routeOf(hash: string): Route {
  const [kind, name, record] = hash.replace(/^#?\/?/, '').split('/').map(decoded);
  if (kind === 'devices') return DEVICES;
  if (kind === 'search') return { ...NOWHERE, query: name ?? '', record: record || null };
  if (kind === 'tray' && name) return { ...NOWHERE, tray: name, record: record || null };
  return NOWHERE;
}

export function hashOf(route: Route): string {
  if (route.page === 'devices') return '#/devices';
  const place = route.query === null ? ['tray', route.tray ?? ''] : ['search', route.query];
  const parts = route.record === null ? place : [...place, route.record];
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
