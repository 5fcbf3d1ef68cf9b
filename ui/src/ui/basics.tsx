import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../lib/api';
import { ago } from '../lib/format';
import type { Reason } from '../lib/reason';

/** The time, renewed every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function Ago({ at }: { at: Date | null }) {
  const now = useNow(10_000);
  if (!at) return null;
  return (
    <time dateTime={at.toISOString()} title={at.toLocaleString()}>
      {ago(at, Math.max(now, at.getTime()))}
    </time>
  );
}

interface WhyProps {
  reason: Reason | null;
  failed?: boolean;
  /** Not the first reason, but the next one that would show. */
  isFurther?: boolean;
}

/** The host's reason, wherever an item waits or failed. */
export function Why({ reason, failed = false, isFurther = false }: WhyProps) {
  if (!reason) return null;
  const title = isFurther ? 'And then' : failed ? 'Why it failed' : 'Why it waits';
  return (
    <div class={failed ? 'why fail' : 'why'}>
      <p>
        <strong>{title}</strong> {reason.message}
      </p>
      {reason.hint && <p class="hint">{reason.hint}</p>}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** An error in place of what could not be loaded. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem =
    error instanceof ApiError
      ? error.problem
      : { title: 'This part of the page failed', detail: String(error) };
  return (
    <div class="why fail" role="alert">
      <p>
        <strong>{problem.title}</strong> {problem.detail}
      </p>
      {onRetry && (
        <p>
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </p>
      )}
    </div>
  );
}

/** In place of a whole page. */
export function PageFailure(props: { title: string; error: unknown; onRetry: () => void }) {
  return (
    <>
      <div class="head">
        <h1>{props.title}</h1>
      </div>
      <Failure error={props.error} onRetry={props.onRetry} />
    </>
  );
}

/** What went wrong in one sentence, for messages. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  const { title, detail } = error.problem;
  return detail && detail !== title ? `${title}. ${detail}` : title;
}

export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="vh">Loading…</span>
      {Array.from({ length: rows }, (_, row) => (
        <i key={row} />
      ))}
    </div>
  );
}
