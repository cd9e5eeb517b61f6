import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npm run dev` shows changes at once and hands API calls to a running server, such as the fixture of crates/server.
const server = process.env.FAIRWAY_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2022', sourcemap: false, modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { '/api': { target: server } } },
});
