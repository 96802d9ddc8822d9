/** Where a record is: every answer to its first question about a place. */
import { isPlace } from '../../lib/answers';
import { questions } from '../../lib/form';
import type { Case, PlaceAnswer } from '../../lib/answer';

export function placesOf(open: Case): PlaceAnswer[] {
  const asking = questions(open.form).filter((question) => question.kind === 'geopoint');
  for (const question of asking) {
    const view = open.view.fields.find((field) => field.field.split('@')[0] === question.key);
    const places = (view?.values ?? []).map((value) => value.answer).filter((answer) => isPlace(answer));
    if (places.length > 0) return places;
  }
  return [];
}
