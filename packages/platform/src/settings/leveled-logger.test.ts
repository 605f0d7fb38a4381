import type { Logger } from '@plinth/controller-runtime';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, type LogLevel } from '../config.ts';
import { leveledLogger } from './leveled-logger.ts';

function noting(said: string[], prefix = ''): Logger {
  const say = (_fields: unknown, message: string): void => void said.push(`${prefix}${message}`);
  return { debug: say, info: say, warn: say, error: say };
}

describe(leveledLogger, () => {
  it.each<[LogLevel, readonly string[]]>([
    ['trace', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['error', ['error']],
  ])('passes on at level %s what is as grave', (level, expected) => {
    const said: string[] = [];
    const log = leveledLogger({ structured: noting(said) }, () => ({ structured: true, level }));
    for (const own of ['debug', 'info', 'warn', 'error'] as const) log[own]({}, own);
    expect(said).toEqual(expected);
  });

  it('changes the form with the next line', () => {
    const said: string[] = [];
    let { logging } = DEFAULT_CONFIG;
    const log = leveledLogger({ structured: noting(said, 'json '), text: noting(said, 'text ') }, () => logging);
    log.info({}, '1');
    logging = { ...logging, structured: false };
    log.info({}, '2');
    logging = { ...logging, structured: true };
    log.info({}, '3');
    expect(said).toEqual(['json 1', 'text 2', 'json 3']);
  });
});
