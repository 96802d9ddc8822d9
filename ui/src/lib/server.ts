/** The only file that calls `fetch` and `EventSource`: one line per call of the server's API. */
import type { AddressesFound } from './generated/AddressesFound';
import type { AssetCase } from './generated/AssetCase';
import type { AssetsFound } from './generated/AssetsFound';
import type { AssetsInView } from './generated/AssetsInView';
import type { Cover } from './generated/Cover';
import type { CoverBox } from './generated/CoverBox';
import type { AreaPack } from './generated/AreaPack';
import type { DeviceCode } from './generated/DeviceCode';
import type { DeviceLine } from './generated/DeviceLine';
import type { FormDraft } from './generated/FormDraft';
import type { FormFiles } from './generated/FormFiles';
import type { FormLine } from './generated/FormLine';
import type { FormVersion } from './generated/FormVersion';
import type { Hotspots } from './generated/Hotspots';
import type { MapPage } from './generated/MapPage';
import type { Offer } from './generated/Offer';
import type { PhotoPage } from './generated/PhotoPage';
import type { ProblemBody } from './generated/ProblemBody';
import type { Trust } from './generated/Trust';
import type { TrustPage } from './generated/TrustPage';
import type { ViewBounds } from './generated/ViewBounds';
import type { Written } from './generated/Written';
import type { Spot } from './pin';
import type {
  Answers, AreaOutlines, CaseEdit, CaseReply, Evaluation, Fault, FormAnswered, Poke, ReviewPage, Session, TakenOut, Tray, TrayPage,
  TwoAnswersPage,
} from './answer';

/** The server's refusal (problem+json), or our own word for silence and for an answer that is not the server's. */
export class Failure extends Error {
  constructor(
    readonly code: string,
    readonly status = 0,
    readonly faults: Fault[] = [],
    readonly reference: string | null = null,
  ) {
    super(code);
  }
}

export const signIn = (email: string, password: string) => ask<Session>('POST', '/api/v1/session', { email, password }).then(keepCsrf);
export const session = () => ask<Session>('GET', '/api/v1/session').then(keepCsrf);
export const signOut = () => ask<void>('DELETE', '/api/v1/session');
export const trays = () => ask<Tray[]>('GET', '/api/v1/trays');
export const tray = (key: string, after: string | null, limit: number) => ask<TrayPage>('GET', `/api/v1/trays/${encodeURIComponent(key)}${query({ after, limit })}`);
export const trayMap = (key: string) => ask<MapPage>('GET', `/api/v1/trays/${encodeURIComponent(key)}/map`);
export const search = (q: string) => ask<TrayPage>('GET', `/api/v1/search${query({ q })}`);
export const openCase = (record: string) => ask<CaseReply>('GET', `/api/v1/records/${record}`);
export const change = (record: string, edits: CaseEdit[]) => ask<Written>('POST', `/api/v1/records/${record}/changes`, { edits });
export const withdraw = (record: string, seen: string, reason: string) => ask<Written>('POST', `/api/v1/records/${record}/withdraw`, { seen, reason });
export const joinCase = (record: string, stays: string, seen: string) => ask<Written>('POST', `/api/v1/records/${record}/duplicate`, { with: stays, seen });
export const partCase = (record: string, seen: string) => ask<Written>('POST', `/api/v1/records/${record}/duplicate/undo`, { seen });
export const different = (record: string, from: string) => ask<Written>('POST', `/api/v1/records/${record}/different`, { from });
export const askAgain = (record: string, from: string) => ask<void>('POST', `/api/v1/records/${record}/different/undo`, { from });
export const redact = (record: string, what: TakenOut, reason: string) => ask<void>('POST', `/api/v1/records/${record}/redact`, { ...what, reason });
export const purge = (record: string, reason: string) => ask<void>('POST', `/api/v1/records/${record}/purge`, { reason });
export const twoAnswers = (after: number | null) => ask<TwoAnswersPage>('GET', `/api/v1/two_answers${query({ after })}`);
export const review = () => ask<ReviewPage>('GET', '/api/v1/review');
export const approveChange = (actor: number, counter: number) => ask<Written>('POST', `/api/v1/review/${actor}/${counter}/approve`);
export const declineChange = (actor: number, counter: number, reason: string) => ask<void>('POST', `/api/v1/review/${actor}/${counter}/decline`, { reason });
export const trust = (from: number | null, to: number | null) => ask<Trust>('GET', `/api/v1/trust${query({ from, to })}`);
export const trustLines = (what: string, from: number | null, to: number | null, after: number) => ask<TrustPage>('GET', `/api/v1/trust/${what}${query({ from, to, after })}`);
export const addresses = (typed: string) => ask<AddressesFound>('GET', `/api/v1/addresses${query({ typed })}`);
export const assetsInView = ({ west, south, east, north }: ViewBounds) => ask<AssetsInView>('GET', `/api/v1/assets${query({ west, south, east, north })}`);
export const findAssets = (sought: string, from: Spot | null) => ask<AssetsFound>('GET', `/api/v1/assets/found${query({ sought, lat: from?.lat ?? null, lon: from?.lon ?? null })}`);
export const asset = (set: string, code: string) => ask<AssetCase>('GET', `/api/v1/assets/${encodeURIComponent(set)}/${encodeURIComponent(code)}`);
export const maps = () => ask<AreaPack[]>('GET', '/api/v1/maps');
export const mapBytes = (key: string, version: number, offset: number, length: number) => range(`/api/v1/maps/${key}/${version}`, offset, length);
export const note = (record: string, text: string) => ask<Written>('POST', `/api/v1/records/${record}/notes`, { text });
export const evaluate = (form: string, version: number, answers: Answers, changed: string | null) => ask<Evaluation>('POST', `/api/v1/forms/${form}/${version}/evaluate`, { answers, changed });
export const choices = (form: string, version: number, answers: Answers, field: string, sought: string, limit: number) => ask<Offer>('POST', `/api/v1/forms/${form}/${version}/choices`, { answers, field, sought, limit });
export const forms = () => ask<FormLine[]>('GET', '/api/v1/forms');
export const withdrawForm = (form: string, version: number) => ask<FormVersion>('POST', `/api/v1/forms/${form}/${version}/withdraw`);
export const offerForm = (form: string, version: number) => ask<FormVersion>('POST', `/api/v1/forms/${form}/${version}/offer`);
export const drafts = () => ask<FormDraft[]>('GET', '/api/v1/forms/drafts');
export const bringForm = (brought: FormFiles) => ask<FormDraft>('POST', '/api/v1/forms/drafts', brought);
export const openDraft = (draft: string) => ask<FormDraft>('GET', `/api/v1/forms/drafts/${draft}`);
export const discardDraft = (draft: string) => ask<void>('DELETE', `/api/v1/forms/drafts/${draft}`);
export const beginDraft = (draft: string) => ask<FormAnswered>('POST', `/api/v1/forms/drafts/${draft}/begin`);
export const evaluateDraft = (draft: string, answers: Answers, changed: string | null) => ask<FormAnswered>('POST', `/api/v1/forms/drafts/${draft}/evaluate`, { answers, changed });
export const draftChoices = (draft: string, answers: Answers, field: string, sought: string, limit: number) => ask<Offer>('POST', `/api/v1/forms/drafts/${draft}/choices`, { answers, field, sought, limit });
export const publishDraft = (draft: string, from_ms: number | null, teams: string[]) => ask<FormVersion>('POST', `/api/v1/forms/drafts/${draft}/publish`, { from_ms, teams });
export const formWorkbookUrl = (form: string, version: number) => `/api/v1/forms/${form}/${version}/workbook`;
export const formDocumentUrl = (form: string, version: number) => `/api/v1/forms/${form}/${version}/document`;
export const formSchemaUrl = (form: string, version: number) => `/api/v1/forms/${form}/${version}/schema`;
export const draftWorkbookUrl = (draft: string) => `/api/v1/forms/drafts/${draft}/workbook`;
export const draftDocumentUrl = (draft: string) => `/api/v1/forms/drafts/${draft}/document`;
export const draftSchemaUrl = (draft: string) => `/api/v1/forms/drafts/${draft}/schema`;
export const hotspots = (asked: Record<string, string | number | null>) => ask<Hotspots>('GET', `/api/v1/hotspots${query(asked)}`);
export const hotspotTableUrl = (asked: Record<string, string | number | null>) => `/api/v1/hotspots/table${query(asked)}`;
export const casesUrl = (kind: 'geojson' | 'gpkg', asked: Record<string, string | number | null>) => `/api/v1/cases/${kind}${query(asked)}`;
export const areas = () => ask<AreaOutlines>('GET', '/api/v1/areas');
export const devices = () => ask<DeviceLine[]>('GET', '/api/v1/devices');
export const newDeviceCode = (officer: number) => ask<DeviceCode>('POST', '/api/v1/devices/codes', { officer });
export const revokeDevice = (device: string) => ask<void>('POST', `/api/v1/devices/${device}/revoke`);
/** `shown` is the hash of what is expected; `uncovered` asks for the photo as it was before anything on it was covered. */
export const photoUrl = (record: string, sha256: string, size: 'thumb' | 'display' | 'original', shown: string | null, uncovered = false) => `/v1/photos/${record}/${sha256}${query({ size, shown, uncovered: uncovered ? 'true' : null })}`;
export const findPhotos = (asked: Record<string, string | number | null>) => ask<PhotoPage>('GET', `/api/v1/photos${query(asked)}`);
export const photoPackUrl = (record: string, originals: boolean) => `/api/v1/records/${record}/photos/pack${query({ originals: originals ? 'true' : null })}`;
export const coverPhoto = (record: string, sha256: string, seen: number, boxes: CoverBox[]) => ask<Cover>('POST', `/api/v1/records/${record}/photos/${sha256}/cover`, { seen, boxes });

/** The server ends each line after a while and the browser dials again within seconds: that is not silence. */
const DIALLING_MS = 8_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Listens to `/v1/live`. `heard(null)` means anything may have changed: the line has just opened, perhaps again.
 * The browser reopens a dropped line by itself; one that the server refused is ours to reopen, ever less often.
 */
export function live(heard: (poke: Poke | null) => void, lineOpen: (open: boolean) => void): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT_MS;
  const listen = () => {
    source = new EventSource('/v1/live');
    source.addEventListener('open', () => {
      wait = FIRST_WAIT_MS;
      clearTimeout(silence);
      silence = undefined;
      lineOpen(true);
      heard(null);
    });
    source.addEventListener('poke', (event) => heard(JSON.parse(event.data as string) as Poke));
    source.addEventListener('error', () => {
      silence ??= setTimeout(() => lineOpen(false), DIALLING_MS);
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(listen, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    });
  };
  listen();
  return () => {
    clearTimeout(timer);
    clearTimeout(silence);
    source.close();
  };
}

let csrf = '';

function keepCsrf(opened: Session): Session {
  csrf = opened.csrf;
  return opened;
}

async function ask<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['Kerbside-Csrf'] = csrf;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const reply = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), credentials: 'same-origin' }).catch(() => {
    throw new Failure('unreachable');
  });
  const text = await reply.text();
  if (reply.ok && text === '') return undefined as T;
  const said = parsed(text, reply);
  if (reply.ok) return said as T;
  const problem = said as Partial<ProblemBody>;
  throw new Failure(problem.code ?? 'unexpected_reply', reply.status, problem.faults ?? [], problem.reference ?? null);
}

async function range(path: string, offset: number, length: number): Promise<ArrayBuffer> {
  const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
  const reply = await fetch(path, { headers, credentials: 'same-origin' }).catch(() => {
    throw new Failure('unreachable');
  });
  if (reply.status !== 206) throw new Failure('unexpected_reply', reply.status);
  return reply.arrayBuffer();
}

/** A proxy or a captive portal answers 200 with a page of its own: that is not the server's word for anything. */
function parsed(text: string, reply: Response): unknown {
  if (!/json/.test(reply.headers.get('Content-Type') ?? '')) throw new Failure('unexpected_reply', reply.status);
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure('unexpected_reply', reply.status);
  }
}

function query(params: Record<string, string | number | null>): string {
  const given = Object.entries(params).filter(([, value]) => value !== null);
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}
