const UNITS = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A Go duration (`90s`, `1h30m`; no unit for days) in ms, or undefined when it is none. */
export function parseGoDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(text.length > 64 ? '' : text);
  if (!match) return text === '0' ? 0 : undefined;
  let ms = 0;
  for (const [, amount, unit] of match[2]!.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) {
    ms += Number(amount) * UNITS[unit as keyof typeof UNITS];
  }
  return match[1] === '-' ? -ms : ms;
}
