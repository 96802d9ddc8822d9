/** A list of wanted photos: which one is next. */
export type Shot = { field: string; there: boolean };

/** The first missing shot after this one, or the first of all that is missing; null where none is. */
export function nextMissing(shots: Shot[], after: string | null): string | null {
  const from = shots.findIndex(({ field }) => field === after) + 1;
  const round = [...shots.slice(from), ...shots.slice(0, from)];
  return round.find(({ there }) => !there)?.field ?? null;
}
