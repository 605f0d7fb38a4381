import { expect, it } from 'vitest';
import type { LogLevel } from '../config.ts';
import { leveledLogger } from './leveled-logger.ts';

it.each<[LogLevel, readonly string[]]>([
  ['trace', ['debug', 'info', 'warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['error', ['error']],
])('passes on at level %s what is as grave', (level, expected) => {
  const said: string[] = [];
  const say = (_fields: unknown, message: string): void => void said.push(message);
  const log = leveledLogger({ debug: say, info: say, warn: say, error: say }, () => level);
  for (const own of ['debug', 'info', 'warn', 'error'] as const) log[own]({}, own);
  expect(said).toEqual(expected);
});
