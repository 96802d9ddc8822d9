/** The only door to the app's shell: one line for each command. Everything else does not know it is in Tauri. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { PhotoFrom, PhotoSize } from './capture';
import type { AnswerChoice } from './generated/AnswerChoice';
import type { SaveOutcome } from './generated/SaveOutcome';
import type { Shift } from './generated/Shift';
import type { Status } from './generated/Status';
import type { Waiting } from './generated/Waiting';
import type { Answer, Answered, Draft, DraftMove, Offer, PhotoLine, PlaceAnswer, RecordCase } from './answer';

export const status = () => invoke<Status>('status', { offsetMin: -new Date().getTimezoneOffset() });
export const enrol = (server: string, code: string, pin: string, ca: string | null) => invoke<Status>('enrol', { server, code, pin, ca });
export const unlock = (pin: string) => invoke<Status>('unlock', { pin });
export const unlockOnline = (code: string, pin: string) => invoke<Status>('unlock_online', { code, pin });
export const enrolAgain = (server: string | null, code: string, pin: string, ca: string | null) => invoke<Status>('enrol_again', { server, code, pin, ca });
export const lock = () => invoke<Status>('lock');
export const shift = () => invoke<Shift>('shift');
export const startDraft = (form: string) => invoke<Draft>('start_draft', { form });
export const editRecord = (record: string) => invoke<Draft>('edit_record', { record });
export const openDraft = (draft: string) => invoke<Draft>('open_draft', { draft });
export const withdraw = (record: string, reason: string) => invoke<void>('withdraw', { record, reason });
export const reopen = (record: string) => invoke<void>('reopen', { record });
export const outcomesSeen = (record: string) => invoke<void>('outcomes_seen', { record });
export const answerAgain = (record: string) => invoke<Draft>('answer_again', { record });
export const putAway = (record: string) => invoke<void>('put_away', { record });
export const putAwayNotices = () => invoke<void>('put_away_notices');
export const answer = (draft: string, field: string, json: Answer) => invoke<Answered>('answer', { draft, field, json });
export const discardDraft = (draft: string) => invoke<void>('discard_draft', { draft });
export const choices = (draft: string, field: string, sought: string, limit: number) => invoke<Offer>('choices', { draft, field, sought, limit });
export const draftMove = (draft: string) => invoke<DraftMove>('draft_move', { draft });
export const moveDraft = (draft: string) => invoke<Draft>('move_draft', { draft });
/** A header takes no letter outside ASCII, so that a file's name crosses percent-encoded. */
export const photograph = (draft: string, field: string, file: Uint8Array, from: PhotoFrom, fix: PlaceAnswer | null, name: string) =>
  invoke<PhotoLine>('photograph', file, { headers: { draft, field, from, fix: fix === null ? '' : JSON.stringify(fix), name: encodeURIComponent(name) } });
export const removePhoto = (draft: string, field: string, sha256: string) => invoke<void>('remove_photo', { draft, field, sha256 });
export const photoBytes = (sha256: string, size: PhotoSize) => invoke<ArrayBuffer>('photo_bytes', { sha256, size });
export const saveDraft = (draft: string) => invoke<SaveOutcome>('save_draft', { draft });
export const showRecord = (record: string) => invoke<RecordCase>('show_record', { record });
export const resolve = (record: string, field: string, choice: AnswerChoice, seen: string) => invoke<void>('resolve', { record, field, choice, seen });
export const writeNote = (record: string, text: string) => invoke<void>('write_note', { record, text });
export const waiting = () => invoke<Waiting>('waiting');
export const tryNow = () => invoke<void>('try_now');
export const cameBack = () => invoke<void>('came_back');
export const position = () => invoke<PlaceAnswer | null>('position');

/** Calls back whenever something on the device changed: what was on screen may be out of date. */
export const onChanged = (told: () => void) => listen('changed', told);
