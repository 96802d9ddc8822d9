/** Where a record is: every answer to its first question about a place. */
import { isPlace } from '../../lib/answers';
import { questions } from '../../lib/form';
import type { Case, PlaceAnswer } from '../../lib/answer';

/** A place with its British National Grid reference, where it is on the grid. */
export type Placed = PlaceAnswer & { grid: string | null };

export function placesOf(open: Case): Placed[] {
  const asking = questions(open.form).filter((question) => question.kind === 'geopoint');
  for (const question of asking) {
    const view = open.view.fields.find((field) => field.field.split('@')[0] === question.key);
    const places = (view?.values ?? []).flatMap(({ answer, grid }) => (isPlace(answer) ? [{ ...answer, grid }] : []));
    if (places.length > 0) return places;
  }
  return [];
}
