import { svelte } from '@sveltejs/vite-plugin-svelte';
import { renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const SERVER: Record<string, string> = { '/api': 'http://127.0.0.1:8080', '/v1': 'http://127.0.0.1:8080' };
const NONE: Record<string, string> = {};

/** Both products open at `index.html`, whichever page they were built from. */
function openAtIndex(product: string): Plugin {
  return {
    name: 'open-at-index',
    apply: 'build',
    closeBundle() {
      renameSync(here(`./dist/${product}/${product}.html`), here(`./dist/${product}/index.html`));
    },
  };
}

/** One source tree, two products: `--mode device` (the app's web view) and `--mode console` (served by the sync server). */
export default defineConfig(({ mode }) => {
  const product = mode === 'console' ? 'console' : 'device';
  return {
    root: here('.'),
    base: product === 'console' ? '/console/' : './',
    publicDir: here('./public'),
    plugins: [svelte(), openAtIndex(product)],
    clearScreen: false,
    server: {
      host: '127.0.0.1',
      port: product === 'console' ? 1421 : 1420,
      strictPort: true,
      fs: { allow: [here('..')] },
      proxy: product === 'console' ? SERVER : NONE,
    },
    build: {
      outDir: here(`./dist/${product}`),
      emptyOutDir: true,
      // The oldest web views we promise: Android System WebView 111, WKWebView 16.4, WebKitGTK 2.40.
      target: ['chrome111', 'safari16.4'],
      // The content security policy allows no data: address, so no font or picture may be inlined as one.
      assetsInlineLimit: 0,
      // The map's engine is as large as that, and comes only where a map is shown.
      chunkSizeWarningLimit: 1200,
      modulePreload: { polyfill: false },
      rollupOptions: { input: here(`./${product}.html`) },
    },
  };
});
