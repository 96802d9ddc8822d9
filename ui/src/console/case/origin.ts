/** Who gave an answer, when, and whether at the office or on a device in the street. */
import { when } from '../../lib/time';
import type { Case, ValueView } from '../../lib/answer';
import { t } from '../../lib/words';
import { cameLate } from '../trays/age';
import type { NameOf } from './timeline';

export function originOf(value: ValueView, open: Case, nameOf: NameOf, now: number): string {
  const line = open.timeline.find((known) => known.dot === value.dot);
  const params = { who: nameOf(value.officer), when: when(value.at_ms, now) };
  if (!line) return t('console.origin', params);
  if (line.office) return t('console.origin.office', params);
  if (!cameLate(line.at_ms, line.received_at_ms)) return t('console.origin.device', params);
  return t('console.origin.device_late', { ...params, received: when(line.received_at_ms, now) });
}
