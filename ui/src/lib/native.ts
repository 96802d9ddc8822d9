/** The only door to the app's shell: one line for each command. Everything else does not know it is in Tauri. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { PhotoFrom, PhotoSize } from './capture';
import type { AddressesFound } from './generated/AddressesFound';
import type { AnswerChoice } from './generated/AnswerChoice';
import type { AssetSheet } from './generated/AssetSheet';
import type { AssetsFound } from './generated/AssetsFound';
import type { AssetsInView } from './generated/AssetsInView';
import type { FoundArea } from './generated/FoundArea';
import type { Near } from './generated/Near';
import type { Compared } from './generated/Compared';
import type { Nearby } from './generated/Nearby';
import type { DataUse } from './generated/DataUse';
import type { Orphan } from './generated/Orphan';
import type { PhotoRules } from './generated/PhotoRules';
import type { Around } from './generated/Around';
import type { MapHere } from './generated/MapHere';
import type { SaveOutcome } from './generated/SaveOutcome';
import type { Shift } from './generated/Shift';
import type { Status } from './generated/Status';
import type { ViewBounds } from './generated/ViewBounds';
import type { Waiting } from './generated/Waiting';
import type { Spot } from './pin';
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
export const searchAddresses = (typed: string) => invoke<AddressesFound>('search_addresses', { typed });
export const nearestAddress = (lat: number, lon: number) => invoke<Near | null>('nearest_address', { lat, lon });
export const chooseAddress = (draft: string, field: string, uprn: string | null, usrn: string | null) =>
  invoke<Answered>('choose_address', { draft, field, uprn, usrn });
export const draftMove = (draft: string) => invoke<DraftMove>('draft_move', { draft });
export const moveDraft = (draft: string) => invoke<Draft>('move_draft', { draft });
export const maps = () => invoke<MapHere[]>('maps');
export const mapBytes = (file: string, offset: number, length: number) => invoke<ArrayBuffer>('map_bytes', { file, offset, length });
export const around = () => invoke<Around>('around');
export const assetsInView = (view: ViewBounds) => invoke<AssetsInView>('assets_in_view', { view });
export const findAssets = (from: Spot | null, sought: string) =>
  invoke<AssetsFound>('find_assets', { from: from === null ? null : { lat: from.lat, lon: from.lon }, sought });
export const asset = (set: string, code: string) => invoke<AssetSheet>('asset', { set, code });
export const reportAsset = (set: string, code: string, form: string) => invoke<Draft>('report_asset', { set, code, form });
export const mapsOverAnyLine = (chosen: boolean) => invoke<void>('maps_over_any_line', { chosen });
/** A header takes no letter outside ASCII, so that a file's name crosses percent-encoded. */
export const photograph = (draft: string, field: string, file: Uint8Array, from: PhotoFrom, fix: PlaceAnswer | null, name: string) =>
  invoke<PhotoLine>('photograph', file, { headers: { draft, field, from, fix: fix === null ? '' : JSON.stringify(fix), name: encodeURIComponent(name) } });
export const removePhoto = (draft: string, field: string, sha256: string) => invoke<void>('remove_photo', { draft, field, sha256 });
export const photoBytes = (sha256: string, size: PhotoSize) => invoke<ArrayBuffer>('photo_bytes', { sha256, size });
export const cameraOpens = (draft: string, field: string, way: PhotoFrom) => invoke<void>('camera_opens', { draft, field, way });
export const cameraShut = (draft: string, field: string) => invoke<void>('camera_shut', { draft, field });
export const orphans = (open: [draft: string, field: string] | null) => invoke<Orphan[]>('orphans', { open });
export const orphanPicture = (name: string) => invoke<ArrayBuffer>('orphan_picture', { name });
export const addOrphan = (name: string) => invoke<PhotoLine>('add_orphan', { name });
export const leaveOutOrphan = (name: string) => invoke<void>('leave_out_orphan', { name });
export const saveDraft = (draft: string, compared: Compared) => invoke<SaveOutcome>('save_draft', { draft, compared });
export const nearby = (draft: string) => invoke<Nearby>('nearby', { draft });
export const showRecord = (record: string) => invoke<RecordCase>('show_record', { record });
export const resolve = (record: string, field: string, choice: AnswerChoice, seen: string) => invoke<void>('resolve', { record, field, choice, seen });
export const writeNote = (record: string, text: string) => invoke<void>('write_note', { record, text });
export const waiting = () => invoke<Waiting>('waiting');
export const tryNow = () => invoke<void>('try_now');
export const cameBack = (metered: boolean | null) => invoke<void>('came_back', { metered });
export const position = () => invoke<PlaceAnswer | null>('position');
export const areasAt = (place: PlaceAnswer) => invoke<FoundArea[]>('areas_at', { place });
export const gridReference = (place: PlaceAnswer) => invoke<string | null>('grid_reference', { place });
export const dataUse = () => invoke<DataUse>('data_use');
export const choosePhotoRules = (rules: PhotoRules) => invoke<void>('choose_photo_rules', { rules });
export const letPhotosGo = (record: string) => invoke<void>('let_photos_go', { record });

/** Calls back whenever something on the device changed: what was on screen may be out of date. */
export const onChanged = (told: () => void) => listen('changed', told);
