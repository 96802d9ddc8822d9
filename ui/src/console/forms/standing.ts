/** How a form stands: which of its versions is the newest, and what that one is doing. */
import { since, when } from '../../lib/time';
import { t } from '../../lib/words';
import type { FormLine } from '../../lib/generated/FormLine';
import type { FormVersion } from '../../lib/generated/FormVersion';

export function newestFirst(line: FormLine): FormVersion[] {
  return [...line.versions].sort((one, other) => other.version - one.version);
}

/** The version that a device begins a new record with. */
export function inUse(line: FormLine): FormVersion | undefined {
  return newestFirst(line).find((version) => version.state === 'published');
}

/** What a device would begin a new record with if this version were withdrawn. */
export function fallsBackTo(line: FormLine, withdrawn: FormVersion): FormVersion | undefined {
  return newestFirst(line).find((version) => version.state === 'published' && version !== withdrawn);
}

/** A published version that a newer published one stands in front of: it is offered no more, and withdrawn it is not. */
export function isReplaced(line: FormLine, version: FormVersion): boolean {
  return version.state === 'published' && inUse(line) !== version;
}

export function recordsOf(line: FormLine): number {
  return line.versions.reduce((sum, version) => sum + version.records, 0);
}

export function standing(version: FormVersion, now: number): string {
  switch (version.state) {
    case 'published':
      return version.from_ms === 0 ? t('console.forms.state.published_always') : t('console.forms.state.published', { when: since(version.from_ms, now) });
    case 'waiting':
      return t('console.forms.state.waiting', { when: when(version.from_ms, now) });
    case 'withdrawn':
      return t('console.forms.state.withdrawn');
  }
}

/** `3`, with what the form's writer calls it: `3 · 2026031501`. */
export function versionName(version: FormVersion): string {
  return version.version_text === null ? String(version.version) : `${version.version} · ${version.version_text}`;
}
