/** What is wrong with a form that was brought in, as a table and as text to send to whoever wrote it. */
import type { FormProblem } from '../../lib/generated/FormProblem';
import { find, t } from '../../lib/words';

export type SortedBy = 'weight' | 'place' | 'what';

/** What stops the form comes first; within that, the order of the workbook. */
export function sorted(problems: readonly FormProblem[], by: SortedBy): FormProblem[] {
  const placed = problems.map((problem, index) => ({ problem, index }));
  placed.sort((one, other) => compare(one.problem, other.problem, by) || one.index - other.index);
  return placed.map(({ problem }) => problem);
}

export function stoppers(problems: readonly FormProblem[]): number {
  return problems.filter((problem) => problem.stops).length;
}

/** What is wrong, and after it what whoever wrote the form can do about it; the words files say both in one breath. */
export function told(problem: FormProblem): { wrong: string; remedy: string } {
  const whole = (find(`form_fault.${problem.code}`, { what: problem.what }) ?? problem.what).trim();
  const [, wrong = whole, remedy = ''] = /^(.*?[.?!])\s+(\p{Lu}.*)$/u.exec(whole) ?? [];
  return { wrong, remedy };
}

/** `survey, row 14, column constraint (F14)` */
export function placeText(problem: FormProblem): string {
  const parts = [sheetName(problem.sheet)];
  if (problem.row !== null) parts.push(t('console.forms.row', { row: problem.row }));
  if (problem.column !== null) parts.push(t('console.forms.column', { column: problem.column }));
  return parts.join(', ') + (problem.cell === null ? '' : ` (${problem.cell})`);
}

/** A sheet keeps its own name, except what is no sheet at all. */
export function sheetName(sheet: string): string {
  return sheet === 'file' ? t('console.forms.whole_file') : sheet;
}

/** One line for each, as it is pasted into a message. */
export function asText(problems: readonly FormProblem[]): string {
  return problems
    .map((problem) => {
      const { wrong, remedy } = told(problem);
      return `${placeText(problem)}: ${wrong} ${remedy}`.trim();
    })
    .join('\n');
}

/** What the file lacks that may be said beside it: the form's service and, along with it, how its references begin. */
export type Lacking = { service: boolean; refPrefix: string | null };

export function lacking(problems: readonly FormProblem[]): Lacking {
  const told = (...codes: string[]) => problems.find((problem) => codes.includes(problem.code));
  const unsaid = problems.some((problem) => problem.code === 'missing_column' && problem.sheet === 'settings' && problem.column === 'service');
  const service = unsaid || told('no_service', 'bad_service') !== undefined;
  const prefix = told('bad_prefix') ?? (service ? told('prefix_made') : undefined);
  return { service, refPrefix: prefix?.what ?? null };
}

function compare(one: FormProblem, other: FormProblem, by: SortedBy): number {
  if (by === 'what') return told(one).wrong.localeCompare(told(other).wrong);
  const weight = by === 'weight' ? Number(other.stops) - Number(one.stops) : 0;
  return weight || sheetOrder(one.sheet) - sheetOrder(other.sheet) || (one.row ?? 0) - (other.row ?? 0);
}

function sheetOrder(sheet: string): number {
  const known = ['file', 'settings', 'survey', 'choices'].indexOf(sheet);
  return known < 0 ? 4 : known;
}
