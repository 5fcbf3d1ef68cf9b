import { describe, expect, it } from 'vitest';
import { plainText, spansOf } from '../../src/lib/ansi';
import type { LogChunk } from '../../src/lib/jobs';
import { chunkLines, LogBuffer } from '../../src/lib/log_buffer';
import { hashOfLineRange, lineRangeFromHash, rowsInView } from '../../src/lib/log_window';

describe('log lines', () => {
  it('turn colours into class names and never into HTML', () => {
    expect(spansOf('\x1b[1;31m<b>x</b>\x1b[0m y')).toEqual([
      { text: '<b>x</b>', className: 'ansi-red ansi-bold' },
      { text: ' y', className: '' },
    ]);
  });

  it('keep the last state of a progress line and drop window titles', () => {
    expect(plainText('\x1b]0;title\x0710%\r50%\r100%')).toBe('100%');
    expect(plainText('done\r')).toBe('done\r');
    expect(plainText('\x1b]0;a title that never ends')).toBe('');
    expect(plainText('a\x1bPq\x1b\\b\x1b_x\x1b\\c\x1b(Bd\x1b=e\u009b31mf\x07')).toBe('abcde31mf');
  });

  it('keep an empty line empty', () => {
    expect(plainText('')).toBe('');
  });
});

describe('the rows in view', () => {
  it('are few, however long the log', () => {
    expect(rowsInView(0, 400, 20, 1_000_000)).toEqual([0, 30]);
    expect(rowsInView(19_999_600, 400, 20, 1_000_000)).toEqual([999_970, 1_000_000]);
    expect(rowsInView(500, 400, 20, 0)).toEqual([0, 0]);
  });

  it('are named by line links', () => {
    expect(lineRangeFromHash('#L12')).toEqual([12, 12]);
    expect(lineRangeFromHash('#L20-L12')).toEqual([12, 20]);
    expect(lineRangeFromHash('#L0')).toBeNull();
    expect(lineRangeFromHash('#x')).toBeNull();
    expect(hashOfLineRange([3, 3])).toBe('#L3');
    expect(hashOfLineRange([3, 9])).toBe('#L3-L9');
  });
});

/** A log on the host, with the requests it got. */
class FakeLog {
  asked: number[] = [];
  complete = true;
  fails = false;
  /** The most lines that one answer holds. */
  most = Infinity;
  /** First lines of answers that hold something the disk has lost. */
  damagedAt: number[] = [];
  cutBytes = 0;
  constructor(public total: number) {}

  readonly read = (from: number, limit: number): Promise<LogChunk> => {
    this.asked.push(from);
    if (this.fails) return Promise.reject(new Error('no answer'));
    const count = Math.max(0, Math.min(limit, this.most, this.total - from + 1));
    const lines = Array.from({ length: count }, (_, k) => `line ${from + k}`);
    return Promise.resolve({
      first_line: from,
      total_lines: this.total,
      complete: this.complete,
      truncated: false,
      damaged: this.damagedAt.includes(from),
      cut_bytes: this.cutBytes,
      lines,
    });
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('the log buffer', () => {
  it('goes on to say that a part which was looked at is damaged', async () => {
    const log = new FakeLog(1_500);
    log.damagedAt = [501];
    log.cutBytes = 12;
    const buffer = new LogBuffer(log.read, () => undefined);
    for (const [row, isDamaged] of [
      [0, false],
      [500, true],
      [1_000, true],
    ] as const) {
      buffer.want(row, row + 1);
      await settled();
      expect([buffer.damaged, buffer.cutBytes]).toEqual([isDamaged, 12]);
    }
  });
  it('fetches only the chunks that are looked at, once', async () => {
    const log = new FakeLog(10_000);
    let changes = 0;
    const buffer = new LogBuffer(log.read, () => changes++);
    await buffer.refreshTail();
    expect(buffer.total).toBe(10_000);
    buffer.want(7_990, 8_010);
    buffer.want(7_995, 8_015);
    await settled();
    buffer.want(7_990, 8_010);
    await settled();
    expect(log.asked).toEqual([1, 7_501, 8_001]);
    expect(buffer.line(7_999)).toBe('line 8000');
    expect(buffer.line(5_000)).toBeUndefined();
    expect(changes).toBe(3);
  });

  it('follows a log that grows past the end of a chunk', async () => {
    const log = new FakeLog(chunkLines - 1);
    log.complete = false;
    const buffer = new LogBuffer(log.read, () => {});
    await buffer.refreshTail();
    log.total = chunkLines + 20;
    await buffer.refreshTail();
    expect(buffer.total).toBe(chunkLines + 20);
    buffer.want(chunkLines - 5, chunkLines + 20);
    await settled();
    expect(buffer.line(chunkLines - 1)).toBe(`line ${chunkLines}`);
    expect(buffer.line(chunkLines + 19)).toBe(`line ${chunkLines + 20}`);
  });

  it('goes on where an answer was cut short', async () => {
    const log = new FakeLog(1000);
    log.most = 200;
    const buffer = new LogBuffer(log.read, () => {});
    await buffer.refreshTail();
    expect(log.asked).toEqual([1, 201, 401]);
    expect(buffer.line(499)).toBe('line 500');
  });

  it('asks no more once the log is complete', async () => {
    const log = new FakeLog(3);
    const buffer = new LogBuffer(log.read, () => {});
    await buffer.refreshTail();
    await buffer.refreshTail();
    expect(log.asked).toHaveLength(1);
  });

  it('tells of a failed request and tries again with the next wish', async () => {
    const log = new FakeLog(3);
    log.fails = true;
    const buffer = new LogBuffer(log.read, () => {});
    await buffer.refreshTail();
    expect(buffer.error).toBeInstanceOf(Error);
    log.fails = false;
    await buffer.refreshTail();
    expect(buffer.error).toBeNull();
    expect(buffer.line(2)).toBe('line 3');
  });

  it('says nothing any more once it is disposed of', async () => {
    let changes = 0;
    const buffer = new LogBuffer(new FakeLog(3).read, () => changes++);
    const asked = buffer.refreshTail();
    buffer.dispose();
    await asked;
    expect(changes).toBe(0);
  });
});
