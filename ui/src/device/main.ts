import { mount } from 'svelte';
import '../lib/font.css';
import '../lib/tokens.css';
import '../lib/base.css';
import { startLanguage } from '../lib/language';
import { startTheme } from '../lib/theme';
import App from './App.svelte';

startTheme();
startLanguage();

const target = document.getElementById('app');
if (target !== null) mount(App, { target });
