/** A series of measurements, in the unit that its name says. */
export interface Summary {
  readonly n: number;
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number): number => round(sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN);
  return { n: sorted.length, min: at(0.000_001), p50: at(0.5), p95: at(0.95), max: at(1) };
}

export const round = (value: number): number => Math.round(value * 10) / 10;
