/**
 * A tray on the screen. Rows keep their places while somebody reads: what changes is rewritten where it
 * stands, what leaves stays in view marked `left`, what arrives waits behind "4 new" until it is asked for.
 */
import type { TrayLine } from '../../lib/answer';

export interface ListRow {
  line: TrayLine;
  left: boolean;
}

export interface Listing {
  rows: ListRow[];
  arrived: TrayLine[];
  next: string | null;
}

export const emptyListing: Listing = { rows: [], arrived: [], next: null };

export function openListing(lines: TrayLine[], next: string | null): Listing {
  return { rows: lines.map((line) => ({ line, left: false })), arrived: [], next };
}

/** Takes the newest first page into a tray that is being read, moving nothing. */
export function refreshListing(listing: Listing, lines: TrayLine[], complete: boolean): Listing {
  const fresh = new Map(lines.map((line) => [line.record, line]));
  const known = new Set(listing.rows.map((row) => row.line.record));
  const oldest = Math.min(...lines.map((line) => line.seq));
  const rows = listing.rows.map((row) => {
    const line = fresh.get(row.line.record);
    if (line) return { line, left: false };
    const pageReachesIt = complete || oldest <= row.line.seq;
    return pageReachesIt ? { ...row, left: true } : row;
  });
  return { ...listing, rows, arrived: lines.filter((line) => !known.has(line.record)) };
}

export function appendListing(listing: Listing, lines: TrayLine[], next: string | null): Listing {
  const known = new Set([...listing.rows.map((row) => row.line.record), ...listing.arrived.map((line) => line.record)]);
  const more = lines.filter((line) => !known.has(line.record)).map((line) => ({ line, left: false }));
  return { ...listing, rows: [...listing.rows, ...more], next };
}

/** Somebody asked for the new ones: they go on top, and rows that have left go. */
export function showArrived(listing: Listing): Listing {
  const arrived = listing.arrived.map((line) => ({ line, left: false }));
  return { ...listing, rows: [...arrived, ...listing.rows.filter((row) => !row.left)], arrived: [] };
}

/** The record `step` rows away from `current`; the nearest end when there is none that far. */
export function neighbour(listing: Listing, current: string | null, step: 1 | -1): string | null {
  const records = listing.rows.map((row) => row.line.record);
  const at = current === null ? -1 : records.indexOf(current);
  if (at < 0) return records[0] ?? null;
  return records[Math.min(records.length - 1, Math.max(0, at + step))] ?? null;
}
