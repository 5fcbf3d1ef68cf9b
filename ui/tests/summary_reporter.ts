import type { Reporter, TestCase } from 'vitest/node';

/** Ends a run with `N passed, N failed`, the line that every runner of this project ends with. */
export default class SummaryReporter implements Reporter {
  private passed = 0;
  private failed = 0;

  onTestCaseResult(test: TestCase): void {
    const { state } = test.result();
    if (state === 'passed') this.passed++;
    if (state === 'failed') this.failed++;
  }

  onTestRunEnd(modules: readonly { errors(): unknown[] }[], errors: readonly unknown[]): void {
    // A file that could not be loaded, or a hook that threw, fails without a test of its own.
    const broken = errors.length + modules.filter((module) => module.errors().length > 0).length;
    // Written late and directly, so that it is the last line whatever other reporters print.
    process.on('exit', () => {
      process.stdout.write(`${this.passed} passed, ${this.failed + broken} failed\n`);
    });
  }
}
