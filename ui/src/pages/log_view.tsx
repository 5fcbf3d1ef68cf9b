import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { spansOf } from '../lib/ansi';
import { plural } from '../lib/format';
import { rawLogUrl, type LogAddress } from '../lib/jobs';
import type { LogBuffer } from '../lib/log_buffer';
import { hashOfLineRange, lineRangeFromHash, rowsInView, type LineRange } from '../lib/log_window';
import { setQuery } from '../lib/router';
import { Empty, Failure } from '../ui/basics';
import { useErrorLines, useLogBuffer, useLogSearch, type LogSearch } from './log_state';

const rowHeight = 19;
const tallest = 420;
const shortest = 8 * rowHeight;
const scrollbar = 16;

interface Props {
  log: LogAddress;
  name: string;
  /** A failed job's log opens at its first error: the last lines are rarely the cause. */
  failed: boolean;
}

/** One attempt's log. Draws only the rows in view. Rebuild it (by key) for another log. */
export function LogView({ log, name, failed }: Props) {
  const buffer = useLogBuffer(log);
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [marked, setMarked] = useState(() => lineRangeFromHash(location.hash));
  const [follows, setFollows] = useState(!failed && !marked);
  // A jump asked for before the log's length is known waits here until the line exists.
  const target = useRef<number | null>(marked?.[0] ?? null);

  const reachTarget = useCallback((): void => {
    const element = box.current;
    if (target.current === null || !element || buffer.total < target.current) return;
    element.scrollTop = Math.max(0, (target.current - 1) * rowHeight - tallest / 3);
    setScrollTop(element.scrollTop);
    target.current = null;
  }, [buffer]);
  const goTo = useCallback(
    (line: number): void => {
      setFollows(false);
      target.current = line;
      reachTarget();
    },
    [reachTarget],
  );
  const search = useLogSearch(log, goTo);
  const errors = useErrorLines(log, buffer.complete);

  useEffect(reachTarget, [reachTarget, buffer.total]);
  useEffect(() => {
    const first = errors?.[0];
    if (!failed || marked || first === undefined) return;
    setMarked([first, first]);
    goTo(first);
  }, [errors, failed, marked, goTo]);
  useEffect(() => {
    const element = box.current;
    if (!follows || !element || buffer.total === 0) return;
    element.scrollTop = element.scrollHeight;
    setScrollTop(element.scrollTop);
  }, [follows, buffer.total]);

  const height = Math.max(shortest, Math.min(tallest, buffer.total * rowHeight + scrollbar));
  const [from, to] = rowsInView(scrollTop, tallest, rowHeight, buffer.total);
  useEffect(() => buffer.want(from, to), [buffer, from, to, buffer.total]);

  const onScroll = (event: Event): void => {
    const element = event.currentTarget as HTMLElement;
    setScrollTop(element.scrollTop);
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (below > rowHeight * 3) setFollows(false);
  };
  const onPick = (event: MouseEvent, line: number): void => {
    event.preventDefault();
    const start = event.shiftKey && marked ? marked[0] : line;
    const range: LineRange = [Math.min(start, line), Math.max(start, line)];
    setMarked(range);
    setQuery({ job: name }, hashOfLineRange(range));
  };

  if (buffer.empty && buffer.error) {
    return <Failure error={buffer.error} onRetry={() => void buffer.refreshTail()} />;
  }
  if (buffer.complete && buffer.total === 0) {
    const isLost = buffer.cutBytes > 0;
    return <Empty title={isLost ? 'The log of this job is lost' : 'The job wrote nothing'} />;
  }
  return (
    <section class="log" aria-label="Log">
      <LogBar
        log={log}
        buffer={buffer}
        search={search}
        firstError={errors?.[0]}
        follows={follows}
        onFollow={setFollows}
        onGoTo={goTo}
      />
      {buffer.truncated && (
        <p class="logcut">
          Not all of this log fits here: very long lines are cut. Raw has the whole.
        </p>
      )}
      {(buffer.damaged || buffer.cutBytes > 0) && (
        <p class="logcut" role="alert">
          The disk has lost parts of this log:{' '}
          {buffer.cutBytes > 0 ? `the last ${buffer.cutBytes} bytes are missing.` : 'see below.'}
        </p>
      )}
      <div class="logwrap">
        <div
          class="logbox"
          ref={box}
          style={{ height: `${height}px` }}
          tabIndex={0}
          role="log"
          aria-live="off"
          aria-label={`Log of ${name}`}
          onScroll={onScroll}
        >
          <div style={{ height: `${buffer.total * rowHeight}px` }}>
            <Rows
              buffer={buffer}
              from={from}
              to={to}
              marked={marked}
              search={search}
              onPick={onPick}
            />
          </div>
        </div>
        <Ruler total={buffer.total} errors={errors ?? []} hits={search.hits} />
      </div>
    </section>
  );
}

interface BarProps {
  log: LogAddress;
  buffer: LogBuffer;
  search: LogSearch;
  firstError: number | undefined;
  follows: boolean;
  onFollow: (follows: boolean) => void;
  onGoTo: (line: number) => void;
}

function LogBar({ log, buffer, search, firstError, follows, onFollow, onGoTo }: BarProps) {
  const { text, hits, current } = search;
  const found = hits.length ? `${hits.indexOf(current) + 1} of ${hits.length}` : 'no match';
  const said = text ? (search.error ?? found) : plural(buffer.total, 'line');
  return (
    <div class="logbar">
      <input
        type="search"
        placeholder="Search the whole log"
        aria-label="Search the whole log"
        value={text}
        onInput={(event) => search.setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') search.step(event.shiftKey ? -1 : 1);
        }}
      />
      <span class="num" role="status">
        {said}
      </span>
      {text && (
        <>
          <button
            type="button"
            class="small"
            aria-label="Previous match"
            onClick={() => search.step(-1)}
          >
            ↑
          </button>
          <button
            type="button"
            class="small"
            aria-label="Next match"
            onClick={() => search.step(1)}
          >
            ↓
          </button>
        </>
      )}
      {firstError !== undefined && (
        <button type="button" class="small" onClick={() => onGoTo(firstError)}>
          First error: line {firstError}
        </button>
      )}
      <span class="grow" />
      {buffer.complete ? (
        <button type="button" class="small" onClick={() => onGoTo(buffer.total)}>
          Go to the end
        </button>
      ) : (
        <button
          type="button"
          class="small"
          aria-pressed={follows}
          onClick={() => onFollow(!follows)}
        >
          {follows ? 'Following' : 'Follow'}
        </button>
      )}
      <a class="small" href={rawLogUrl(log)} target="_blank" rel="noopener">
        Raw
      </a>
    </div>
  );
}

interface RowsProps {
  buffer: LogBuffer;
  from: number;
  to: number;
  marked: LineRange | null;
  search: LogSearch;
  onPick: (event: MouseEvent, line: number) => void;
}

function Rows({ buffer, from, to, marked, search, onPick }: RowsProps) {
  const hits = new Set(search.hits);
  const rows = [];
  for (let row = from; row < to; row++) {
    const line = row + 1;
    const text = buffer.line(row);
    const isMarked = marked && line >= marked[0] && line <= marked[1];
    const classes = [
      'ln',
      isMarked && 'marked',
      hits.has(line) && 'hit',
      search.current === line && 'now',
    ];
    rows.push(
      <div
        key={line}
        class={classes.filter(Boolean).join(' ')}
        style={{ transform: `translateY(${row * rowHeight}px)` }}
      >
        <a
          href={`#L${line}`}
          tabIndex={-1}
          aria-label={`Line ${line}`}
          onClick={(event) => onPick(event, line)}
        >
          {line}
        </a>
        <code>
          {text === undefined
            ? '…'
            : spansOf(text).map((span, k) => (
                <span key={k} class={span.className || undefined}>
                  {span.text}
                </span>
              ))}
        </code>
      </div>,
    );
  }
  return <>{rows}</>;
}

/** Where in the whole log the errors and the hits are. */
function Ruler({ total, errors, hits }: { total: number; errors: number[]; hits: number[] }) {
  const top = (line: number) => ({ top: `${(line / Math.max(1, total)) * 100}%` });
  return (
    <div class="ruler" aria-hidden="true">
      {errors.slice(0, 200).map((line) => (
        <i key={`e${line}`} class="e" style={top(line)} />
      ))}
      {hits.slice(0, 300).map((line) => (
        <i key={line} style={top(line)} />
      ))}
    </div>
  );
}
