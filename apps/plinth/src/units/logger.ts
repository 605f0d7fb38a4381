import type { Logger } from '@plinth/controller-runtime';
import { log, type LogLevel } from './log.ts';

/** The unit's log for controllers. Their debug lines, one per reconcile, stay out unless PLINTH_LOG=debug. */
export const logger: Logger = {
  debug: process.env['PLINTH_LOG'] === 'debug' ? write('debug') : () => {},
  info: write('info'),
  warn: write('warn'),
  error: write('error'),
};

function write(level: LogLevel): (fields: Readonly<Record<string, unknown>>, message: string) => void {
  return (fields, message) => log(level, message, fields);
}
