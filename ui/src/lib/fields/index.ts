/** A control for every kind of question. A kind without one does not compile. */
import type { Component } from 'svelte';
import type { QuestionKind } from '../form';
import Acknowledge from './Acknowledge.svelte';
import Barcode from './Barcode.svelte';
import Calculate from './Calculate.svelte';
import DateField from './Date.svelte';
import DateTime from './DateTime.svelte';
import Decimal from './Decimal.svelte';
import Geopoint from './Geopoint.svelte';
import Image from './Image.svelte';
import Integer from './Integer.svelte';
import Multiline from './Multiline.svelte';
import Note from './Note.svelte';
import type { FieldProps } from './props';
import SelectMultiple from './SelectMultiple.svelte';
import SelectOne from './SelectOne.svelte';
import Text from './Text.svelte';
import Time from './Time.svelte';

export type { FieldProps } from './props';

export const controls: { [T in QuestionKind]: Component<FieldProps> } = {
  text: Text,
  multiline: Multiline,
  integer: Integer,
  decimal: Decimal,
  select_one: SelectOne,
  select_multiple: SelectMultiple,
  date: DateField,
  time: Time,
  dateTime: DateTime,
  geopoint: Geopoint,
  image: Image,
  barcode: Barcode,
  note: Note,
  acknowledge: Acknowledge,
  calculate: Calculate,
};
