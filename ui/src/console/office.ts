/** A small office for the tests of this folder: answers by path, keeps what it was sent, and pokes when told to. */
import { vi } from 'vitest';
import type { Case, Session, TrayLine } from '../lib/answer';
import { asked, formOf } from '../lib/asking/sample';

export const session: Session = {
  officer: { id: 2, name: 'Jo Ali', email: 'jo@example.gov.uk', role: 'triager', teams: ['wardens-north'], may: ['read_record', 'edit_record'] },
  council: { key: 'demo', name: 'Demonstration council', phones: {} },
  people: { 1: 'Ann Bailey', 2: 'Jo Ali' },
  teams: { 'wardens-north': { en: 'Wardens north' } },
  csrf: 'token',
};

export function trayLine(record: string, seq: number, rest: Partial<TrayLine> = {}): TrayLine {
  return {
    record, reference: `W07-${seq}`, office_reference: `FT-00000${seq}`, form: 'fly_tip', title: { en: 'Fly-tip' }, summary: record, team: 'wardens-north',
    status: null, captured_at_ms: 0, received_at_ms: 0, two_answers: 0, photos_named: 0, photos_received: 0, created_by: 1, withdrawn: false, maybe_same: null, seq, ...rest,
  };
}

/** A case whose one question, `size`, has these answers in turn. */
export function sizedCase(record: string, seen: string, ...answers: string[]): Case {
  const values = answers.map((answer, index) => ({ answer, officer: index + 1, actor: index + 1, at_ms: 0, dot: `${index + 1}:1`, grid: null }));
  return {
    view: {
      id: record, form: 'fly_tip', form_version: 1, reference: 'W07-1', office_reference: 'FT-000001', created_at_ms: 0, created_by: 1, teams: [], areas: [], status: null,
      fields: [{ field: 'size', path: 'size', row: null, values, both: null, seen }], photos: [], notes: [], two_answers: Number(1 < answers.length), seen: 'whole', withdrawal: null,
    },
    form: formOf([asked('size', { type: 'select_one', list: 'size' }, { label: { en: 'How much' } })], {
      key: 'fly_tip', title: { en: 'Fly-tip' }, service: 'street',
      lists: { size: [{ name: 'car_boot', label: { en: 'Car boot' } }, { name: 'small_van', label: { en: 'Small van' } }] },
    }),
    timeline: [], photos_named: 0, photos_received: 0, may_edit: true, covers: [], photo_facts: [], packs: [], same: { duplicate_of: null, duplicates: [], offers: [], apart: [], references: {} }, may_cover: true, may_uncover: true, may_withdraw: true,
  };
}

type Reply = { status?: number; body: unknown };

export class Office {
  readonly sent: { path: string; body: unknown }[] = [];
  replies: Record<string, () => Reply> = {
    'POST /api/v1/forms/fly_tip/1/evaluate': () => ({ body: { visible: ['size'], required: ['size'], faults: [], calculated: {}, choices: {} } }),
  };

  constructor() {
    vi.stubGlobal('EventSource', Line);
    vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
      this.sent.push({ path, body: typeof init.body === 'string' ? JSON.parse(init.body) : null });
      const reply = this.replies[`${init.method ?? 'GET'} ${path.split('?')[0] ?? ''}`]?.() ?? { status: 404, body: { code: 'not_found' } };
      return Promise.resolve(new Response(JSON.stringify(reply.body), { status: reply.status ?? 200, headers: { 'Content-Type': 'application/json' } }));
    });
  }

  holds(...lines: TrayLine[]): void {
    this.replies['GET /api/v1/trays'] = () => ({ body: [{ key: 'arrived', title_key: '', count: lines.length }] });
    this.replies['GET /api/v1/trays/arrived'] = () => ({ body: { records: lines, next: null } });
  }

  opens(found: Case): void {
    this.replies[`GET /api/v1/records/${found.view.id}`] = () => ({ body: found });
  }

  poke(record: string): void {
    Line.open?.dispatchEvent(new MessageEvent('poke', { data: JSON.stringify({ seq: 1, record, form: 'fly_tip', team: 'wardens-north' }) }));
  }
}

class Line extends EventTarget {
  static open: Line | null = null;
  static readonly CLOSED = 2;
  readonly readyState = 1;

  constructor() {
    super();
    Line.open = this;
  }

  close(): void {
    Line.open = null;
  }
}
