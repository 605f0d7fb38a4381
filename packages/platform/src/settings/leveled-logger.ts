import type { Logger } from '@plinth/controller-runtime';
import type { LogLevel } from '../config.ts';

/** Passes on what is at least as grave as `level()` says now; a change of the settings holds from the next line on. */
export function leveledLogger(log: Logger, level: () => LogLevel): Logger {
  const from = (own: keyof Logger): Logger[keyof Logger] => (fields, message) => {
    if (GRAVITY[own] >= GRAVITY[level()]) log[own](fields, message);
  };
  return { debug: from('debug'), info: from('info'), warn: from('warn'), error: from('error') };
}

const GRAVITY: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 };
