/** The files of a form, read for the way: a workbook or a form as JSON, with the lists that belong to it. */

export type Sent = { name: string; content: string };

export type Unfit = 'none' | 'kind' | 'two_forms' | 'no_form' | 'too_large' | 'empty';

/** As much as the server takes, once the bytes are written as text: four letters for three bytes. */
const MOST_BYTES = 8.5 * 1024 * 1024;
const FORM = /\.(xlsx|json)$/i;
const WORKBOOK = /\.xlsx$/i;
const COMPANION = /\.(csv|geojson)$/i;

/** Why these files are no form, or null. Asked before anything is sent. */
export function unfit(files: readonly Pick<File, 'name' | 'size'>[]): { why: Unfit; name: string } | null {
  if (files.length === 0) return { why: 'none', name: '' };
  const stranger = files.find((file) => !FORM.test(file.name) && !COMPANION.test(file.name));
  if (stranger !== undefined) return { why: 'kind', name: stranger.name };
  const forms = files.filter((file) => FORM.test(file.name));
  const workbooks = forms.filter((file) => WORKBOOK.test(file.name));
  if (workbooks.length > 1) return { why: 'two_forms', name: workbooks.map((file) => file.name).join(', ') };
  if (forms.length === 0) return { why: 'no_form', name: files[0]?.name ?? '' };
  const empty = files.find((file) => file.size === 0);
  if (empty !== undefined) return { why: 'empty', name: empty.name };
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  return bytes > MOST_BYTES ? { why: 'too_large', name: '' } : null;
}

/** `told` hears how many bytes have been read, of how many. */
export async function readAll(files: readonly File[], told: (read: number, of: number) => void): Promise<Sent[]> {
  const of = files.reduce((sum, file) => sum + file.size, 0);
  const sent: Sent[] = [];
  let read = 0;
  for (const file of files) {
    sent.push({ name: file.name, content: base64(new Uint8Array(await file.arrayBuffer())) });
    read += file.size;
    told(read, of);
  }
  return sent;
}

/** In pieces: a call takes only so many arguments, and a piece of a multiple of three needs no padding. */
export function base64(bytes: Uint8Array): string {
  const PIECE = 3 * 8192;
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE) text += btoa(String.fromCharCode(...bytes.subarray(at, at + PIECE)));
  return text;
}

/** Whether what is being dragged over the page holds files, and not a word or a link of it. */
export function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') === true;
}

export function filesOf(event: DragEvent): File[] {
  return [...(event.dataTransfer?.files ?? [])];
}
