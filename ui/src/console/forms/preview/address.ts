/** The page inside the frame of a draft's preview: which draft, read in which language. */
import type { Language } from '../../../lib/words';

export type PreviewPlace = { draft: string; language: Language };

export function previewHash({ draft, language }: PreviewPlace): string {
  return `#/preview/${encodeURIComponent(draft)}/${language}`;
}

export function previewOf(hash: string): PreviewPlace | null {
  const [page, draft, language] = hash.replace(/^#?\/?/, '').split('/').map(decodeURIComponent);
  return page === 'preview' && draft ? { draft, language: language === 'cy' ? 'cy' : 'en' } : null;
}
