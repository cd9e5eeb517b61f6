const STEPS: [limit: number, seconds: number, unit: string][] = [
  [60, 1, 's'],
  [3600, 60, 'm'],
  [86400, 3600, 'h'],
  [86400 * 60, 86400, 'd'],
  [86400 * 730, 86400 * 30, 'mo'],
  [Infinity, 86400 * 365, 'y'],
];

/** Returns how long ago a time was, as `3m`; empty where there is none. A time ahead, from another machine's clock, is `now`. */
export function ago(time: string | undefined, now: number): string {
  if (!time) return '';
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds)) return '';
  if (seconds < 3) return 'now';
  const step = STEPS.find(([limit]) => seconds < limit) ?? [0, 1, 's'];
  return `${Math.floor(seconds / step[1])}${step[2]}`;
}

/** Returns how long something took, as `1m 4s`. */
export function took(from: string | undefined, to: string | undefined): string {
  if (!from || !to) return '';
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
  if (Number.isNaN(seconds)) return '';
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}

/** Returns a time in the reader's own words, for a title. */
export function full(time: string | undefined): string {
  return time ? new Date(time).toLocaleString() : '';
}
