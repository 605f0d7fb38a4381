/** RFC 3339 with seconds, as Kubernetes writes `metav1.Time`. `ms`: since the epoch. */
export function timeText(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== last.second) last = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  return last.text;
}

/** Nearly everybody asks for the current one. */
let last = { second: 0, text: '1970-01-01T00:00:00Z' };

/** RFC 3339 with microseconds, as Kubernetes writes `metav1.MicroTime`. `ms`: since the epoch. */
export const microTimeText = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
