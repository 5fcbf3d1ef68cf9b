/** Numbers and times as people read them. */

export function ago(time: Date, now: number): string {
  const seconds = Math.max(0, Math.round((now - time.getTime()) / 1000));
  if (seconds < 5) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** `0.4 s`, `48 s`, `3:04`, `1:02:03`; a dash for no duration. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 9.95 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
}

/** Decimal units, as file managers show them. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = -1;
  do {
    value /= 1000;
    unit++;
  } while (value >= 1000 && unit < units.length - 1);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const count = (value: number): string => value.toLocaleString('en');

/** `ready_for_build` reads "ready for build". */
export const words = (status: string): string => status.replaceAll('_', ' ');

export const plural = (value: number, one: string, many = one + 's'): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** The first eight digits of a digest: enough to tell two versions apart by eye. */
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 8);
