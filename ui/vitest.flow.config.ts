import { defineConfig } from 'vitest/config';

// The page in a real browser, against PLANWRIGHT_URL or, without it, the stand-in host.
export default defineConfig({
  test: {
    include: ['tests/flow/*.flow.ts'],
    reporters: ['default', './tests/summary_reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    sequence: { concurrent: false },
    bail: 0,
  },
});
