/** A control for every kind of question. A kind without one does not compile. */
import type { Component } from 'svelte';
import type { QuestionKind } from '../form';
import Acknowledge from './Acknowledge.svelte';
import Barcode from './Barcode.svelte';
import Calculate from './Calculate.svelte';
import DateField from './when/Date.svelte';
import DateTime from './when/DateTime.svelte';
import Decimal from './number/Decimal.svelte';
import Geopoint from './place/Geopoint.svelte';
import Image from './photo/Image.svelte';
import Integer from './number/Integer.svelte';
import Multiline from './Multiline.svelte';
import Note from './Note.svelte';
import type { FieldProps } from './props';
import SelectMultiple from './choice/SelectMultiple.svelte';
import SelectOne from './choice/SelectOne.svelte';
import Text from './Text.svelte';
import Time from './when/Time.svelte';

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
