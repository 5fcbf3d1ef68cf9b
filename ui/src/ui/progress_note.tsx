import { progressText, type Progress } from '../lib/progress';

/** How far something that runs says it is. */
export function ProgressNote({ of }: { of: Progress }) {
  const text = progressText(of);
  return (
    <span class="prog">
      {of.total ? (
        <progress max={of.total} value={Math.min(of.done, of.total)} aria-label={text} />
      ) : null}
      <span>{text}</span>
    </span>
  );
}
