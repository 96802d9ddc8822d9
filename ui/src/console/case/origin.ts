/** Who gave an answer, when, and whether at the office or on a device in the street. */
import { when } from '../../lib/time';
import type { Case, ValueView } from '../../lib/answer';
import { t } from '../../lib/words';
import { cameLate } from '../trays/age';
import type { NameOf } from './timeline';

export function originOf(value: ValueView, open: Case, nameOf: NameOf, now: number): string {
  const line = open.timeline.find((known) => known.dot === value.dot);
  const params = { who: nameOf(line?.officer ?? value.officer), when: when(value.at_ms, now) };
  if (!line) return t('console.origin', params);
  if (line.taken_by !== null) return takenIn(t('console.origin.device', params), nameOf(line.taken_by));
  if (line.office) return t('console.origin.office', params);
  if (!cameLate(line.at_ms, line.received_at_ms)) return t('console.origin.device', params);
  return t('console.origin.device_late', { ...params, received: when(line.received_at_ms, now) });
}

/** Where its writer might no longer, and somebody took it into the record. */
export function takenIn(origin: string, name: string): string {
  return t('console.origin.taken_in', { origin, who: name === t('console.you') ? t('form.two.you') : name });
}
