/** A range of lines, 1-based, both ends included. */
export type LineRange = [number, number];

/** Rows drawn above and below what is visible, so that quick scrolling shows no blank. */
const overscan = 10;

/** The half-open range of rows (0-based) to draw at a scroll position; sizes in pixels. */
export function rowsInView(
  scrollTop: number,
  height: number,
  rowHeight: number,
  total: number,
): [number, number] {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
  const to = Math.ceil((scrollTop + height) / rowHeight) + overscan;
  return [Math.min(total, from), Math.min(total, to)];
}

/** Reads `#L12` and `#L12-L20`, in either order. */
export function lineRangeFromHash(hash: string): LineRange | null {
  const match = /^#L(\d+)(?:-L?(\d+))?$/.exec(hash);
  if (!match) return null;
  const first = Number(match[1]);
  const second = match[2] ? Number(match[2]) : first;
  if (first < 1 || second < 1) return null;
  return [Math.min(first, second), Math.max(first, second)];
}

export const hashOfLineRange = ([from, to]: LineRange): string =>
  from === to ? `#L${from}` : `#L${from}-L${to}`;
