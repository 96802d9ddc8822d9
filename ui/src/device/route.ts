/** Where the officer is, kept in the address, so that Back is the phone's own and a web view that was killed opens where it was. */

export type Route =
  | { at: 'shift'; saved: string | null }
  | { at: 'draft'; draft: string; fresh: boolean; /** The question to open it at. */ field?: string | null }
  | { at: 'move'; draft: string }
  | { at: 'record'; record: string }
  | { at: 'map' }
  | { at: 'asset'; set: string; code: string }
  | { at: 'waiting' }
  | { at: 'enrol_again' }
  | { at: 'settings' };

export const HOME: Route = { at: 'shift', saved: null };

export function parse(hash: string): Route {
  const [at = '', id = '', more = '', field = ''] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  switch (at) {
    case 'draft':
      return id === '' ? HOME : field === '' ? { at, draft: id, fresh: more === 'new' } : { at, draft: id, fresh: false, field };
    case 'move':
      return id === '' ? HOME : { at, draft: id };
    case 'record':
      return id === '' ? HOME : { at, record: id };
    case 'asset':
      return id === '' || more === '' ? { at: 'map' } : { at, set: id, code: more };
    case 'map':
    case 'waiting':
    case 'enrol_again':
    case 'settings':
      return { at };
    default:
      return { at: 'shift', saved: id === '' ? null : id };
  }
}

export function address(route: Route): string {
  switch (route.at) {
    case 'shift':
      return route.saved === null ? '#/shift' : `#/shift/${encodeURIComponent(route.saved)}`;
    case 'draft':
      return `#/draft/${encodeURIComponent(route.draft)}${route.fresh ? '/new' : ''}${route.field ? `/at/${encodeURIComponent(route.field)}` : ''}`;
    case 'move':
      return `#/move/${encodeURIComponent(route.draft)}`;
    case 'record':
      return `#/record/${encodeURIComponent(route.record)}`;
    case 'asset':
      return `#/asset/${encodeURIComponent(route.set)}/${encodeURIComponent(route.code)}`;
    default:
      return `#/${route.at}`;
  }
}
