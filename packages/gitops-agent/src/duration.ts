const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A Go duration such as `1m30s` in ms; `fallback` when it is absent or none. */
export function parseDuration(text: string | undefined, fallback: number): number {
  if (text === undefined || !/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/.test(text)) return fallback;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)) ms += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  return ms;
}

/** Milliseconds as Go prints a duration: `176.2ms`, `3s`, `1m30s`. */
export function printDuration(ms: number): string {
  if (ms < 1000) return `${Number(ms.toFixed(1))}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = Number(((ms % 60_000) / 1000).toFixed(3));
  return `${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds}s`;
}
