/** A control for every kind of question. A kind without one does not compile. */
import type { Component } from 'svelte';
import type { QuestionKind } from '../form';
import Address from './address/Address.svelte';
import Acknowledge from './Acknowledge.svelte';
import ReadOnly from './ReadOnly.svelte';
import DateField from './when/Date.svelte';
import DateTime from './when/DateTime.svelte';
import Decimal from './number/Decimal.svelte';
import Range from './number/Range.svelte';
import Geopoint from './place/Geopoint.svelte';
import Line from './place/Line.svelte';
import File from './photo/File.svelte';
import Image from './photo/Image.svelte';
import Integer from './number/Integer.svelte';
import Multiline from './Multiline.svelte';
import Note from './Note.svelte';
import type { FieldProps } from './props';
import Rank from './choice/Rank.svelte';
import Barcode from './scan/Barcode.svelte';
import SelectMultiple from './choice/SelectMultiple.svelte';
import SelectOne from './choice/SelectOne.svelte';
import Text from './Text.svelte';
import Time from './when/Time.svelte';

export type { FieldProps } from './props';

export const controls: { [T in QuestionKind]: Component<FieldProps> } = {
  text: Text,
  multiline: Multiline,
  address: Address,
  integer: Integer,
  decimal: Decimal,
  range: Range,
  select_one: SelectOne,
  select_multiple: SelectMultiple,
  rank: Rank,
  date: DateField,
  time: Time,
  dateTime: DateTime,
  geopoint: Geopoint,
  geotrace: Line,
  geoshape: Line,
  image: Image,
  file: File,
  barcode: Barcode,
  note: Note,
  acknowledge: Acknowledge,
  calculate: ReadOnly,
};
