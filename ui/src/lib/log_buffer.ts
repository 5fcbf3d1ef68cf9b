import type { LogChunk } from './jobs';

export const chunkLines = 500;

/**
 * The parts of one log that have been looked at. Fetches only chunks that are wanted, so a million
 * lines cost the same as a hundred. Calls `onChange` after each answer; a failed request is told
 * by `error` and tried again with the next wish.
 */
export class LogBuffer {
  total = 0;
  complete = false;
  truncated = false;
  /** Some of what has been looked at was lost, and other text stands for it. */
  damaged = false;
  /** Bytes that are missing at the end. */
  cutBytes = 0;
  /** No answer has come yet. */
  empty = true;
  error: unknown = null;
  private readonly chunks = new Map<number, string[]>();
  private readonly loading = new Set<number>();
  private disposed = false;

  constructor(
    private readonly read: (from: number, limit: number) => Promise<LogChunk>,
    private readonly onChange: () => void,
  ) {}

  /** Text of a row (0-based); undefined while it is on its way. */
  line(row: number): string | undefined {
    return this.chunks.get(Math.floor(row / chunkLines))?.[row % chunkLines];
  }

  /** Sees to it that rows [from, to) will be there. */
  want(from: number, to: number): void {
    const last = Math.floor(Math.max(from, to - 1) / chunkLines);
    for (let chunk = Math.floor(from / chunkLines); chunk <= last; chunk++) {
      if (!this.isFull(chunk)) void this.load(chunk);
    }
  }

  /** Asks how long the log has become. */
  async refreshTail(): Promise<void> {
    if (!this.complete) await this.load(Math.floor(Math.max(0, this.total - 1) / chunkLines));
  }

  /** Answers that are still under way are ignored from now on. */
  dispose(): void {
    this.disposed = true;
  }

  private isFull(chunk: number): boolean {
    const held = this.chunks.get(chunk)?.length;
    return held !== undefined && held >= Math.min(chunkLines, this.total - chunk * chunkLines);
  }

  private async load(chunk: number): Promise<void> {
    if (this.loading.has(chunk)) return;
    this.loading.add(chunk);
    try {
      const answer = await this.readWhole(chunk * chunkLines + 1);
      this.chunks.set(chunk, answer.lines);
      this.total = answer.total_lines;
      this.complete = answer.complete;
      this.truncated = answer.truncated ?? false;
      this.damaged ||= answer.damaged ?? false;
      this.cutBytes = answer.cut_bytes ?? 0;
      this.empty = false;
      this.error = null;
    } catch (error) {
      this.error = error;
    } finally {
      this.loading.delete(chunk);
    }
    if (!this.disposed) this.onChange();
  }

  /** The host may give fewer lines than asked for, so that an answer of long lines stays small. */
  private async readWhole(first: number): Promise<LogChunk> {
    const whole = await this.read(first, chunkLines);
    while (whole.lines.length < Math.min(chunkLines, whole.total_lines - first + 1)) {
      const missing = chunkLines - whole.lines.length;
      const more = await this.read(first + whole.lines.length, missing);
      if (more.lines.length === 0) break;
      whole.lines.push(...more.lines);
    }
    return whole;
  }
}
