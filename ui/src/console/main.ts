import { mount } from 'svelte';
import '../lib/font.css';
import '../lib/tokens.css';
import '../lib/base.css';
import './console.css';
import { startTheme } from '../lib/theme';
import { startLanguage } from '../lib/language';
import App from './App.svelte';
import { previewOf } from './forms/preview/address';
import Preview from './forms/preview/Preview.svelte';

startTheme();
startLanguage();
const target = document.getElementById('app');
const place = previewOf(location.hash);
if (target && place !== null) {
  document.documentElement.classList.add('field-mode');
  mount(Preview, { target, props: { place } });
} else if (target) mount(App, { target });
