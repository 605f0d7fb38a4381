/** The times of a CronJob. */
export interface Schedule {
  /** The first minute after `afterMs` that the schedule names, in ms; undefined when there is none within five years. */
  next(afterMs: number): number | undefined;
}

/**
 * Reads a cron expression of five fields (minute, hour, day of month, month, day of week), in UTC. Numbers, names, lists,
 * ranges and steps; `@hourly` and its like. As in cron, when both days are restricted, either of them is enough.
 *
 * Errors: `Error` that names the field.
 */
export function parseSchedule(text: string): Schedule {
  const expression = MACROS[text.trim()] ?? text.trim();
  const fields = expression.split(/\s+/);
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: ${JSON.stringify(text)}`);
  const [minutes, hours, days, months, weekdays] = FIELDS.map((field, index) => parseField(fields[index]!, field)) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  if (weekdays.has(7)) weekdays.add(0);
  const anyDay = fields[2]!.startsWith('*') || fields[2] === '?';
  const anyWeekday = fields[4]!.startsWith('*') || fields[4] === '?';
  const dayMatches = (date: Date): boolean => {
    const day = days.has(date.getUTCDate());
    const weekday = weekdays.has(date.getUTCDay());
    return anyDay || anyWeekday ? day && weekday : day || weekday;
  };
  return {
    next: (afterMs) => {
      const date = new Date(Math.floor(afterMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS);
      const limit = afterMs + FIVE_YEARS_MS;
      while (date.getTime() <= limit) {
        if (!months.has(date.getUTCMonth() + 1)) date.setTime(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1));
        else if (!dayMatches(date)) date.setTime(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1));
        else if (!hours.has(date.getUTCHours())) date.setTime(Math.floor(date.getTime() / HOUR_MS) * HOUR_MS + HOUR_MS);
        else if (!minutes.has(date.getUTCMinutes())) date.setTime(date.getTime() + MINUTE_MS);
        else return date.getTime();
      }
      return undefined;
    },
  };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const FIVE_YEARS_MS = 5 * 366 * 24 * HOUR_MS;

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of week', min: 0, max: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

function parseField(text: string, field: Field): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\*|\?|[0-9a-z]+)(?:-([0-9a-z]+))?(?:\/([0-9]+))?$/i.exec(part);
    if (!match) throw new Error(`failed to parse ${field.name} ${JSON.stringify(text)}`);
    const [, from, to, every] = match;
    const step = every === undefined ? 1 : Number(every);
    const all = from === '*' || from === '?';
    const first = all ? field.min : valueOf(from!, field);
    const last = all ? field.max : to !== undefined ? valueOf(to, field) : every === undefined ? first : field.max;
    if (step < 1 || last < first) throw new Error(`failed to parse ${field.name} ${JSON.stringify(text)}`);
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

function valueOf(text: string, { name, min, max, names }: Field): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  const value = named >= 0 ? named + min : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new Error(`${name} ${JSON.stringify(text)} is not between ${min} and ${max}`);
  return value;
}
