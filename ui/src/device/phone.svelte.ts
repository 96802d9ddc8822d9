/** What every screen of the phone reads: who is here, what is waiting, what time it is. */
import * as native from '../lib/native';
import type { Status } from '../lib/generated/Status';
import type { Strip } from '../lib/generated/Strip';
import { address, parse, type Route } from './route';

class Phone {
  status = $state<Status | null>(null);
  strip = $state<Strip | null>(null);
  /** Goes up whenever the device says that something changed; screens read again when it does. */
  changes = $state(0);
  now = $state(Date.now());
  route = $state<Route>(parse(location.hash));

  /** Starts listening; the answer stops it. */
  start(): () => void {
    const moved = () => (this.route = parse(location.hash));
    addEventListener('hashchange', moved);
    const back = () => document.visibilityState === 'visible' && void this.comeBack();
    document.addEventListener('visibilitychange', back);
    addEventListener('online', back);
    const clock = setInterval(() => (this.now = Date.now()), 10_000);
    const heard = native.onChanged(() => void this.refresh());
    void this.refresh();
    return () => {
      removeEventListener('hashchange', moved);
      document.removeEventListener('visibilitychange', back);
      removeEventListener('online', back);
      clearInterval(clock);
      void heard.then((stop) => stop());
    };
  }

  async refresh(): Promise<void> {
    this.status = await native.status();
    if (this.status.unlocked) this.strip = (await native.waiting()).strip;
    this.now = Date.now();
    this.changes += 1;
  }

  /** After a pocket or a dead spot: read again, and see whether something may go. */
  async comeBack(): Promise<void> {
    await this.refresh();
    await native.cameBack();
  }

  become(status: Status): void {
    this.status = status;
    void this.refresh();
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
