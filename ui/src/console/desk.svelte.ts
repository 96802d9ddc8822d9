/** What is open on the console: which tray, its rows, the case beside them. Everything on screen is read from here. */
import { Failure, live, openCase, photoUrl, search, tray, trays } from '../lib/server';
import type { Action } from '../lib/generated/Action';
import type { Case, Poke, Session, Tray, TrayLine } from '../lib/answer';
import type { Names } from '../lib/two/asked';
import { t } from '../lib/words';
import { formless } from './case/answers';
import { isCovered } from './case/photos';
import { DEVICES, FORMS, hashOf, NOWHERE, REVIEW, routeOf, type Route } from './route';
import { appendListing, emptyListing, neighbour, openListing, refreshListing, showArrived, type Listing } from './trays/listing';

const PAGE = 60;
/** Pokes come one for each change; a device that brings forty is one look at the tray. */
const GATHER_MS = 250;
const RECOUNT_MS = 60_000;

export class Desk {
  session = $state.raw<Session>() as Session;
  now = $state(0);
  trays = $state.raw<Tray[]>([]);
  listing = $state.raw<Listing>(emptyListing);
  listed = $state(false);
  open = $state.raw<Case | null>(null);
  missing = $state.raw<Failure | null>(null);
  route = $state.raw<Route>(routeOf(''));
  /** The row that j and k stand on. */
  cursor = $state<string | null>(null);
  /** Since when the server has been silent, or null while it answers. */
  silentSince = $state<number | null>(null);
  heardAt = $state(0);
  announcement = $state('');
  /** Goes up whenever something was written somewhere. */
  pokes = $state(0);
  signedOut = $state(false);

  #clock: () => number;
  #gathering: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, clock: () => number) {
    this.session = session;
    this.#clock = clock;
    this.now = this.heardAt = clock();
  }

  /** Starts listening; the answer stops it. */
  start(): () => void {
    const follow = () => void this.#follow();
    const tick = setInterval(() => (this.now = this.#clock()), 15_000);
    // What comes to wait for a decision is in no record yet, so that nothing pokes.
    const count = setInterval(() => void (this.may('review_changes') && this.recount()), RECOUNT_MS);
    addEventListener('hashchange', follow);
    const hangUp = this.may('read_record') ? live((poke) => this.#heard(poke), (lineOpen) => this.#line(lineOpen)) : () => undefined;
    void this.#begin();
    return () => {
      clearInterval(tick);
      clearInterval(count);
      clearTimeout(this.#gathering);
      removeEventListener('hashchange', follow);
      hangUp();
    };
  }

  go(change: Partial<Route>): void {
    location.hash = hashOf({ ...this.route, ...change });
  }

  href(change: Partial<Route>): string {
    return hashOf({ ...this.route, ...change });
  }

  may(action: Action): boolean {
    return this.session.officer.may.includes(action);
  }

  nameOf = (officer: number | string): string => {
    if (String(officer) === String(this.session.officer.id)) return t('console.you');
    return this.session.people[Number(officer)] ?? t('console.officer_numbered', { number: officer });
  };

  /** What is needed to say who answered what. */
  get names(): Names {
    return { teams: this.session.teams, me: this.session.officer.id, nameOf: this.nameOf };
  }

  /** Where a photo of the open case is. `shown` is the hash of what is expected: the photo's own, or its covered copy's. */
  photo(sha256: string, size: 'thumb' | 'display' | 'original', shown: string | null): string {
    const uncovered = shown === sha256 && this.open !== null && isCovered(this.open, sha256);
    return photoUrl(this.route.record ?? '', sha256, size, shown, uncovered);
  }

  lineOf(record: string): TrayLine | undefined {
    return this.listing.rows.find((row) => row.line.record === record)?.line;
  }

  move(step: 1 | -1): string | null {
    this.cursor = neighbour(this.listing, this.cursor ?? this.route.record, step);
    return this.cursor;
  }

  showNew(): void {
    const count = this.listing.arrived.length;
    this.listing = showArrived(this.listing);
    this.announcement = t('console.list.shown', { n: count });
  }

  async more(): Promise<void> {
    const { tray: key } = this.route;
    if (key === null || this.listing.next === null) return;
    const page = await this.attempt(() => tray(key, this.listing.next, PAGE));
    if (page && key === this.route.tray) this.listing = appendListing(this.listing, page.records, nextOf(page.next));
  }

  /** Reads the case again, as after a change of one's own. */
  async reread(): Promise<void> {
    const { record } = this.route;
    if (record === null) return;
    const found = await this.attempt(() => openCase(record), (failure) => (this.missing = failure));
    if (found && record === this.route.record) {
      this.open = { ...found, form: found.form ?? formless(found.view) };
      this.missing = null;
    }
  }

  /** Runs a call; a failure is told to `refused` (after silence and a lapsed session are dealt with here), and gives null. */
  async attempt<T>(call: () => Promise<T>, refused?: (failure: Failure) => void): Promise<T | null> {
    try {
      const answer = await call();
      this.#answered();
      return answer;
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      if (thrown.status === 401) this.signedOut = true;
      else if (thrown.code === 'unreachable') this.silentSince ??= this.#clock();
      refused?.(thrown);
      return null;
    }
  }

  /** An address of one's own choosing stands; else the first thing this officer may see. */
  async #begin(): Promise<void> {
    await this.recount();
    const asked = routeOf(location.hash);
    if (asked.page === 'records' && !this.may('read_record')) {
      history.replaceState(null, '', hashOf(this.may('manage_devices') ? DEVICES : FORMS));
    } else if (asked.page === 'records' && asked.tray === null && asked.query === null) {
      history.replaceState(null, '', hashOf({ ...NOWHERE, tray: this.trays[0]?.key ?? null }));
    }
    await this.#follow();
  }

  async #follow(): Promise<void> {
    const before = this.route;
    this.route = routeOf(location.hash);
    const { tray: key, query, record } = this.route;
    if (record !== before.record) {
      this.open = null;
      this.missing = null;
      this.cursor = record ?? this.cursor;
    }
    const elsewhere = this.route.page === 'records' && (key !== before.tray || query !== before.query);
    if (elsewhere) {
      this.listing = emptyListing;
      this.listed = false;
      this.cursor = record;
    }
    await Promise.all([elsewhere ? this.#list() : null, record !== before.record ? this.reread() : null]);
  }

  async #list(): Promise<void> {
    const { tray: key, query } = this.route;
    if ((key === null && query === null) || key === REVIEW) return;
    const page = await this.attempt(() => (key === null ? search(query ?? '') : tray(key, null, PAGE)));
    if (!page || key !== this.route.tray || query !== this.route.query) return;
    this.listing = openListing(page.records, nextOf(page.next));
    this.listed = true;
  }

  async recount(): Promise<void> {
    if (this.may('read_record')) this.trays = (await this.attempt(() => trays())) ?? this.trays;
  }

  #heard(poke: Poke | null): void {
    const aboutOpenCase = poke === null || poke.record === this.route.record;
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => void Promise.all([this.recount(), this.#refresh()]).then(() => (this.pokes += 1)), GATHER_MS);
    if (aboutOpenCase) void this.reread();
  }

  async #refresh(): Promise<void> {
    const { tray: key } = this.route;
    if (key === null || !this.listed) return;
    const page = await this.attempt(() => tray(key, null, PAGE));
    if (!page || key !== this.route.tray) return;
    const before = this.listing.arrived.length;
    this.listing = refreshListing(this.listing, page.records, nextOf(page.next) === null);
    const { arrived } = this.listing;
    if (arrived.length > before) this.announcement = t('console.list.arrived', { n: arrived.length });
  }

  #line(lineOpen: boolean): void {
    if (lineOpen) this.#answered();
    // Asking tells a silent server from a session that has lapsed.
    else void this.recount();
  }

  #answered(): void {
    this.silentSince = null;
    this.heardAt = this.now = this.#clock();
  }
}

function nextOf(next: number | null): string | null {
  return next === null ? null : String(next);
}
