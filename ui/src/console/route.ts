/** What the address says is open, so that Back, reload and a link sent to a colleague all work. */

export interface Route {
  page: 'records' | 'map' | 'photos' | 'hotspots' | 'devices' | 'forms' | 'new_form' | 'draft' | 'trust';
  tray: string | null;
  query: string | null;
  record: string | null;
  /** Which form is open beside the list of forms, or which draft of one. */
  form: string | null;
  /** Which number of the trust page is opened; its time is the `query`. */
  what: string | null;
}

/** The tray of what waits for a decision: it holds changes, and not records. */
export const REVIEW = 'review';

export const NOWHERE: Route = { page: 'records', tray: null, query: null, record: null, form: null, what: null };
export const DEVICES: Route = { ...NOWHERE, page: 'devices' };
export const FORMS: Route = { ...NOWHERE, page: 'forms' };
export const NEW_FORM: Route = { ...NOWHERE, page: 'new_form' };

export function formAt(key: string): Route {
  return { ...FORMS, form: key };
}

export function mapAt(tray: string | null): Route {
  return { ...NOWHERE, page: 'map', tray };
}

export function trustAt(period: string, what: string | null): Route {
  return { ...NOWHERE, page: 'trust', query: period, what };
}

/** Photos that are looked for, as `queryOf` spells it. */
export function photosAt(query: string): Route {
  return { ...NOWHERE, page: 'photos', query };
}

/** What is counted by where it is, as `queryOf` spells it. */
export function hotspotsAt(query: string): Route {
  return { ...NOWHERE, page: 'hotspots', query };
}

export function draftAt(id: string): Route {
  return { ...NOWHERE, page: 'draft', form: id };
}

export function routeOf(hash: string): Route {
  const [kind, name, record] = hash.replace(/^#?\/?/, '').split('/').map(decoded);
  if (kind === 'devices') return DEVICES;
  if (kind === 'map') return mapAt(name || null);
  if (kind === 'photos') return photosAt(name ?? '');
  if (kind === 'hotspots') return hotspotsAt(name ?? '');
  if (kind === 'trust') return trustAt(name || 'week', record || null);
  if (kind === 'forms') return formsPlace(name, record);
  if (kind === 'search') return { ...NOWHERE, query: name ?? '', record: record || null };
  if (kind === 'tray' && name) return { ...NOWHERE, tray: name, record: record || null };
  return NOWHERE;
}

export function hashOf(route: Route): string {
  if (route.page === 'devices') return '#/devices';
  if (route.page === 'map') return route.tray === null ? '#/map' : `#/map/${encodeURIComponent(route.tray)}`;
  if (route.page === 'photos') return `#/photos/${encodeURIComponent(route.query ?? '')}`;
  if (route.page === 'hotspots') return `#/hotspots/${encodeURIComponent(route.query ?? '')}`;
  if (route.page === 'new_form') return '#/forms/new';
  if (route.page === 'draft') return `#/forms/draft/${encodeURIComponent(route.form ?? '')}`;
  if (route.page === 'forms') return route.form === null ? '#/forms' : `#/forms/form/${encodeURIComponent(route.form)}`;
  if (route.page === 'trust') return `#/${['trust', route.query ?? 'week', ...(route.what === null ? [] : [route.what])].map(encodeURIComponent).join('/')}`;
  const place = route.query === null ? ['tray', route.tray ?? ''] : ['search', route.query];
  const parts = route.record === null ? place : [...place, route.record];
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

function formsPlace(kind: string | undefined, id: string | undefined): Route {
  if (kind === 'new') return NEW_FORM;
  if (kind === 'draft' && id) return draftAt(id);
  return kind === 'form' && id ? formAt(id) : FORMS;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
