import type { Logger } from '@plinth/controller-runtime';
import { log, type LogLevel } from './log.ts';

/** For the platform, which has a level of its own: the setting `logging.level` of its ConfigMap. */
export const platformLog: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };

const isVerbose = process.env['PLINTH_LOG'] === 'debug';

/** The level that the platform has when its ConfigMap says none. */
export const platformLogLevel = isVerbose ? 'debug' : 'info';

/** The unit's log for controllers. Their debug lines, one per reconcile, stay out unless PLINTH_LOG=debug. */
export const logger: Logger = isVerbose ? platformLog : { ...platformLog, debug: () => {} };

function write(level: LogLevel): (fields: Readonly<Record<string, unknown>>, message: string) => void {
  return (fields, message) => log(level, message, fields);
}
