/** A scale as steps from its start, and answers as decimals in text: sums in whole units, so that 0.1 + 0.2 is 0.3. */
import type { Answer } from './answer';
import type { Scale } from './form';

/** How many steps lead from the start to the last value within the end. */
export function stepsOf(scale: Scale): number {
  const { start, end, step } = units(scale);
  return step === 0 ? 0 : Math.floor(Math.abs(end - start) / step);
}

/** The value so many steps from the start, with as many decimal places as the scale is written in. */
export function valueAt(scale: Scale, index: number): string {
  const { start, end, step, places } = units(scale);
  const value = start + (end < start ? -step : step) * index;
  return (value / 10 ** places).toFixed(places);
}

/** How many steps from the start an answer is; null where it is none, or off the scale. */
export function stepAt(scale: Scale, answer: Answer | undefined): number | null {
  if ((typeof answer !== 'string' && typeof answer !== 'number') || answer === '') return null;
  const { start, end, step, places } = units(scale);
  const away = (Math.round(Number(answer) * 10 ** places) - start) * (end < start ? -1 : 1);
  const index = Math.round(away / step);
  return 0 <= index && index <= stepsOf(scale) ? index : null;
}

function units({ start, end, step }: Scale) {
  const places = Math.max(...[start, end, step].map((text) => text.split('.')[1]?.length ?? 0));
  const whole = (text: string) => Math.round(Number(text) * 10 ** places);
  return { start: whole(start), end: whole(end), step: Math.abs(whole(step)), places };
}
