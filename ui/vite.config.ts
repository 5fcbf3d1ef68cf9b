import { defineConfig } from 'vite';

const host = process.env.PLANWRIGHT_URL ?? 'http://127.0.0.1:8471';

// esbuild compiles the JSX, so no framework plugin is needed.
export default defineConfig({
  // With './' a deep link such as /plans/7 would ask for /plans/assets/... and get the page itself.
  base: '/',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    // The page's content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // The host takes a name that ends in digits and letters for one whose content never changes.
      output: {
        hashCharacters: 'hex',
        entryFileNames: 'assets/[name]-[hash:12].js',
        chunkFileNames: 'assets/[name]-[hash:12].js',
        assetFileNames: 'assets/[name]-[hash:12][extname]',
      },
    },
  },
  server: { proxy: { '/api': host, '/healthz': host, '/readyz': host } },
});
