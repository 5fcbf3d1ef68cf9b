import type { Reporter, TestCase } from 'vitest/node';

/** Ends a run with a line for each skip and with `N passed, N failed, N skipped`, which tests/run reads. */
export default class SummaryReporter implements Reporter {
  private passed = 0;
  private failed = 0;
  private skips: string[] = [];

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    if (result.state === 'passed') this.passed++;
    if (result.state === 'failed') this.failed++;
    if (result.state === 'skipped')
      this.skips.push(`${test.fullName}: ${result.note ?? 'skipped in its source'}`);
  }

  onTestRunEnd(modules: readonly { errors(): unknown[] }[], errors: readonly unknown[]): void {
    // A file that could not be loaded, or a hook that threw, fails without a test of its own.
    const broken = errors.length + modules.filter((module) => module.errors().length > 0).length;
    // Written late and directly, so that it is the last line whatever other reporters print.
    process.on('exit', () => {
      for (const skip of this.skips) process.stdout.write(`SKIPPED ${skip}\n`);
      process.stdout.write(
        `${this.passed} passed, ${this.failed + broken} failed, ${this.skips.length} skipped\n`,
      );
    });
  }
}
