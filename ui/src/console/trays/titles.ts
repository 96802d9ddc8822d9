/** What a tray is called: by its own words, or by the team it belongs to. */
import type { Session } from '../../lib/answer';
import { find, say, t } from '../../lib/words';

export function trayTitle(key: string, titleKey: string | null, session: Session): string {
  const team = key.startsWith('team:') ? key.slice('team:'.length) : null;
  if (team !== null) return say(session.teams[team]) || team;
  return find(`console.tray.${key}`) ?? (titleKey === null ? undefined : find(titleKey)) ?? key;
}

/** What an empty tray has to teach. */
export function trayEmpty(key: string | null, query: string | null): string {
  if (query !== null) return t('console.search.none', { query });
  return find(`console.empty.${key ?? ''}`) ?? t('console.empty.team');
}
