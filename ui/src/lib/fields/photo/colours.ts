/** Pens that stand out on paper and on a photo of a street, told apart by their names. */
import type { Word } from '../../words';

export const COLOURS: { word: Word; colour: string }[] = [
  { word: 'form.draw.red', colour: '#d3281e' },
  { word: 'form.draw.blue', colour: '#1463ff' },
  { word: 'form.draw.black', colour: '#000000' },
];
