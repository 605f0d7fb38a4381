import type { Logger } from '@plinth/controller-runtime';
import type { LogLevel, PlatformConfig } from '../config.ts';

export interface LogForms {
  /** Lines for programs. */
  readonly structured: Logger;
  /** Lines for people; the structured ones where there are no others. */
  readonly text?: Logger | undefined;
}

/**
 * Passes on what is at least as grave as `logging()` says now, in the form that it says; a change of the settings holds from
 * the next line on.
 */
export function leveledLogger({ structured, text = structured }: LogForms, logging: () => PlatformConfig['logging']): Logger {
  const from = (own: keyof Logger): Logger[keyof Logger] => (fields, message) => {
    const { level, structured: isStructured } = logging();
    if (GRAVITY[own] >= GRAVITY[level]) (isStructured ? structured : text)[own](fields, message);
  };
  return { debug: from('debug'), info: from('info'), warn: from('warn'), error: from('error') };
}

const GRAVITY: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 };
