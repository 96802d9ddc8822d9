/** What every screen of the phone reads: who is here, what is waiting, what time it is. */
import { mapsOverAnyLine, metered } from '../lib/line';
import * as native from '../lib/native';
import { reason } from '../lib/failures';
import { forgetPictures } from './pictures';
import type { Status } from '../lib/generated/Status';
import type { Notice } from '../lib/generated/Notice';
import type { Strip } from '../lib/generated/Strip';
import { address, parse, type Route } from './route';

/** A phone left on a wall locks itself. What was being typed is in the vault already. */
const IDLE_MS = 15 * 60_000;

declare global {
  /** Where a web view tells of a change from one network to another. */
  interface Navigator {
    readonly connection?: EventTarget & { readonly type?: string; readonly saveData?: boolean };
  }
}

class Phone {
  status = $state<Status | null>(null);
  strip = $state<Strip | null>(null);
  /** What concerns the device as a whole. */
  notices = $state.raw<Notice[]>([]);
  /** Why the device could not be read. */
  refused = $state<string | null>(null);
  /** Goes up whenever the device says that something changed; screens read again when it does. */
  changes = $state(0);
  now = $state(Date.now());
  route = $state<Route>(parse(location.hash));
  #touched = Date.now();
  /** Readings are numbered as they begin, and may end in another order: an older one is not shown over a newer. */
  #begun = 0;
  #shown = 0;

  /** Starts listening; the answer stops it. */
  start(): () => void {
    const moved = () => (this.route = parse(location.hash));
    addEventListener('hashchange', moved);
    const back = () => document.visibilityState === 'visible' && void this.comeBack();
    document.addEventListener('visibilitychange', back);
    addEventListener('online', back);
    addEventListener('focus', back);
    navigator.connection?.addEventListener('change', back);
    const touched = () => (this.#touched = Date.now());
    addEventListener('pointerdown', touched);
    addEventListener('keydown', touched);
    const clock = setInterval(() => void this.#tick(), 10_000);
    const heard = native.onChanged(() => void this.refresh());
    void this.refresh();
    void native.cameBack(metered(navigator.connection));
    return () => {
      removeEventListener('hashchange', moved);
      document.removeEventListener('visibilitychange', back);
      removeEventListener('online', back);
      removeEventListener('focus', back);
      navigator.connection?.removeEventListener('change', back);
      clearInterval(clock);
      removeEventListener('pointerdown', touched);
      removeEventListener('keydown', touched);
      void heard.then((stop) => stop());
    };
  }

  async refresh(): Promise<void> {
    try {
      await this.#read();
      this.refused = null;
    } catch (failure) {
      this.refused = reason(failure);
    }
  }

  async #read(): Promise<void> {
    const reading = ++this.#begun;
    const status = await native.status();
    const waiting = status.unlocked ? await native.waiting() : null;
    if (reading < this.#shown) return;
    this.#shown = reading;
    this.status = status;
    if (waiting === null) this.#forget();
    else ({ strip: this.strip, notices: this.notices } = waiting);
    this.now = Date.now();
    this.changes += 1;
  }

  /** After a pocket or a dead spot: read again, and see whether something may go. */
  async comeBack(): Promise<void> {
    await this.refresh();
    await native.cameBack(metered(navigator.connection));
  }

  become(status: Status): void {
    this.#shown = ++this.#begun;
    this.status = status;
    if (status.unlocked) void native.mapsOverAnyLine(mapsOverAnyLine());
    void this.refresh();
  }

  async lock(): Promise<void> {
    try {
      this.become(await native.lock());
    } catch {
      // The vault is shut all the same: nobody is left looking at what lies in it.
      await this.refresh();
    }
  }

  async #tick(): Promise<void> {
    this.now = Date.now();
    if (this.status?.unlocked === true && this.now - this.#touched > IDLE_MS) await this.lock();
  }

  #forget(): void {
    this.strip = null;
    this.notices = [];
    forgetPictures();
  }

  go(route: Route): void {
    location.hash = address(route);
  }

  /** Goes on without leaving the present screen behind to come back to. */
  replace(route: Route): void {
    history.replaceState(null, '', address(route));
    this.route = route;
  }
}

export const phone = new Phone();
