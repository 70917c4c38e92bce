import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { apart } from './build/apart.ts'
import { boot } from './build/boot.ts'
import { precompress } from './build/precompress.ts'

// The server's address while developing; `make dev` starts it there.
const server = process.env.FLOMASTR_DEV_SERVER || 'http://127.0.0.1:8000'

// What the server answers itself. Everything else is a page of the app.
const served = [
  '/routes',
  '/api/',
  '/auth/',
  '/webhook',
  '/queue',
  '/messages',
  '/v1',
  '/mcp',
  '/simulator/control',
  '/simulator/ledger',
  '/openapi.json',
  '/config.json',
  '/readyz',
  '/livez',
  '/widget.js',
  '/favicon.ico',
  '/light.ico',
  '/dark.ico',
  '/docs',
]

export default defineConfig({
  plugins: [react(), apart(), boot(), precompress()],
  server: {
    port: 5173,
    strictPort: true,
    host: '127.0.0.1',
    allowedHosts: ['.localhost'],
    // xfwd keeps the tenant's host; the browser's Origin must look like the server's own for cookie routes.
    proxy: Object.fromEntries(
      served.map((path) => [path, { target: server, changeOrigin: false, xfwd: true }]),
    ),
  },
  build: {
    target: ['chrome111', 'firefox114', 'safari16.4'],
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // a strict Content-Security-Policy forbids data: scripts and styles; one rule for all
    rollupOptions: {
      input: { index: 'index.html', docs: 'docs.html' }, // the API reference shares nothing with the app
      output: { hashCharacters: 'base36' },
    },
  },
  test: {
    environment: 'node', // a component's test asks for jsdom in its first line
    setupFiles: ['src/test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    css: false,
    restoreMocks: true,
  },
})
