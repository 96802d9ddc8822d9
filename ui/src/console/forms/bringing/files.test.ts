import { expect, test } from 'vitest';
import { base64, readAll, unfit } from './files';

const file = (name: string, size = 10) => ({ name, size });

test('bytes are written as text and read back the same, across the pieces they are cut in', () => {
  for (const length of [0, 1, 2, 3, 24_575, 24_576, 24_577, 70_000]) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 31) % 256);
    expect([...atob(base64(bytes))].map((letter) => letter.charCodeAt(0))).toEqual([...bytes]);
  }
});

test('a workbook with its lists is fit, in whatever case its name is written', () => {
  expect(unfit([file('Fly-tipping.XLSX'), file('wards.csv'), file('bins.geojson')])).toBeNull();
  expect(unfit([file('form.json'), file('codes.json')])).toBeNull();
});

test('what is no form is said before anything is sent', () => {
  expect(unfit([])?.why).toBe('none');
  expect(unfit([file('form.xlsx'), file('photo.jpg')])).toEqual({ why: 'kind', name: 'photo.jpg' });
  expect(unfit([file('a.xlsx'), file('b.xlsx')])).toEqual({ why: 'two_forms', name: 'a.xlsx, b.xlsx' });
  expect(unfit([file('wards.csv')])).toEqual({ why: 'no_form', name: 'wards.csv' });
  expect(unfit([file('form.xlsx', 0)])).toEqual({ why: 'empty', name: 'form.xlsx' });
  expect(unfit([file('form.xlsx', 9_000_000)])?.why).toBe('too_large');
});

test('reading tells how far it is', async () => {
  const told: [number, number][] = [];
  const sent = await readAll([new File(['abc'], 'form.json'), new File(['de'], 'wards.csv')], (read, of) => told.push([read, of]));
  expect(sent).toEqual([{ name: 'form.json', content: 'YWJj' }, { name: 'wards.csv', content: 'ZGU=' }]);
  expect(told).toEqual([[3, 5], [5, 5]]);
});
