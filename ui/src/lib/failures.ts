/** The sentence for a refusal. Nothing a machine wrote is shown to a person: a code finds its words, or a reference is read out. */
import type { Failure } from './generated/Failure';
import { find, t } from './words';

export function isRefused(failure: unknown): failure is Failure {
  return typeof failure === 'object' && failure !== null && 'code' in failure && typeof failure.code === 'string';
}

export function reason(failure: unknown): string {
  if (!isRefused(failure)) return t('code.internal', { reference: '–' });
  return find(`code.${failure.code}`, { reference: failure.reference ?? '–' }) ?? t('code.internal', { reference: failure.reference ?? '–' });
}
