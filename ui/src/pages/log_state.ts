import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError } from '../lib/api';
import { readLog, searchLog, type LogAddress } from '../lib/jobs';
import { LogBuffer } from '../lib/log_buffer';

const tailMs = 1000;
const typingMs = 200;

/** The buffer of a log, kept up to date while the job writes to it. */
export function useLogBuffer({ jobId, attempt }: LogAddress): LogBuffer {
  const [, redraw] = useState(0);
  const buffer = useMemo(
    () =>
      new LogBuffer(
        (from, limit) => readLog({ jobId, attempt }, from, limit),
        () => redraw((n) => n + 1),
      ),
    [jobId, attempt],
  );
  useEffect(() => {
    void buffer.refreshTail();
    const timer = setInterval(() => {
      if (!document.hidden) void buffer.refreshTail();
    }, tailMs);
    return () => {
      clearInterval(timer);
      buffer.dispose();
    };
  }, [buffer]);
  return buffer;
}

export interface LogSearch {
  text: string;
  setText: (text: string) => void;
  /** Line numbers, in order. */
  hits: number[];
  /** The hit that was jumped to, as its line number; 0 for none. */
  current: number;
  /** Jumps to the next (+1) or the previous (-1) hit. */
  step: (by: number) => void;
  error: string | null;
}

/** Searches the whole log on the host, since the page holds only the lines in view. */
export function useLogSearch(log: LogAddress, goTo: (line: number) => void): LogSearch {
  const { jobId, attempt } = log;
  const [text, setText] = useState('');
  const [hits, setHits] = useState<number[]>([]);
  const [at, setAt] = useState(-1);
  const [error, setError] = useState<string | null>(null);
  const jump = useRef(goTo);
  jump.current = goTo;
  useEffect(() => {
    setHits([]);
    setAt(-1);
    setError(null);
    if (!text) return;
    let isStale = false;
    const timer = setTimeout(() => {
      searchLog({ jobId, attempt }, text).then(
        (lines) => {
          if (isStale) return;
          setHits(lines);
          setAt(lines.length ? 0 : -1);
          if (lines[0]) jump.current(lines[0]);
        },
        (failure: unknown) => {
          if (!isStale) setError(failure instanceof ApiError ? failure.message : String(failure));
        },
      );
    }, typingMs);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [text, jobId, attempt]);
  const step = (by: number): void => {
    if (hits.length === 0) return;
    const next = (at + by + hits.length) % hits.length;
    setAt(next);
    goTo(hits[next]!);
  };
  return { text, setText, hits, current: hits[at] ?? 0, step, error };
}

/** Lines that say "error". None when the host cannot search: it is only a help. */
export function useErrorLines(log: LogAddress, isComplete: boolean): number[] | null {
  const { jobId, attempt } = log;
  const [lines, setLines] = useState<number[] | null>(null);
  useEffect(() => {
    setLines(null);
    if (!isComplete) return;
    let isStale = false;
    const found = (list: number[]): void => {
      if (!isStale) setLines(list);
    };
    searchLog({ jobId, attempt }, 'error').then(found, () => found([]));
    return () => {
      isStale = true;
    };
  }, [jobId, attempt, isComplete]);
  return lines;
}
