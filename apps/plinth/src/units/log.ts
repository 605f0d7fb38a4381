import { textLine } from './text-line.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * A unit's log: JSON lines on standard output, which the supervisor sends to `logs/UNIT.log`. The message is constant,
 * what varies is a field.
 */
export function log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const entry = { time: new Date().toISOString(), level, message, ...fields };
  process.stdout.write(`${JSON.stringify(entry, (_, value: unknown) => (value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value))}\n`);
}

/** The same for people, a line each and stacks below. */
export function logText(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(textLine(new Date(), level, message, fields));
}
