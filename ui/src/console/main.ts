import { mount } from 'svelte';
import '../lib/font.css';
import '../lib/tokens.css';
import '../lib/base.css';
import './console.css';
import { startTheme } from '../lib/theme';
import { startLanguage } from '../lib/language';
import App from './App.svelte';

startTheme();
startLanguage();
const target = document.getElementById('app');
if (target) mount(App, { target });
