import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By name, so that what the first files leave on a real host is there for the later ones. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve([...files].sort((a, b) => a.moduleId.localeCompare(b.moduleId)));
  }
}

const program = process.env.PLANWRIGHT_BINARY;

// The page in a real browser: against PLANWRIGHT_URL or, without it, the stand-in host; or, with
// PLANWRIGHT_BINARY, against hosts that the tests start, kill and start again.
export default defineConfig({
  test: {
    include: [program ? 'tests/real/*.flow.ts' : 'tests/flow/*.flow.ts'],
    // Its plan and its log, of such sizes, are made by the stand-in host only.
    exclude: process.env.PLANWRIGHT_URL ? ['tests/flow/scale.flow.ts'] : [],
    reporters: ['default', './tests/summary_reporter.ts'],
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    sequence: { sequencer: ByName },
  },
});
