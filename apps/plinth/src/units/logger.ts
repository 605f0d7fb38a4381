import type { Logger } from '@plinth/controller-runtime';
import { log, type LogLevel, logText } from './log.ts';

/** For the platform, which has a level of its own: the setting `logging.level` of its ConfigMap. */
export const platformLog: Logger = loggerOf(log);

/** What the platform takes instead while `logging.structured` is false. */
export const platformTextLog: Logger = loggerOf(logText);

const isVerbose = process.env['PLINTH_LOG'] === 'debug';

/** The level that the platform has when its ConfigMap says none. */
export const platformLogLevel = isVerbose ? 'debug' : 'info';

/** The unit's log for controllers. Their debug lines, one per reconcile, stay out unless PLINTH_LOG=debug. */
export const logger: Logger = isVerbose ? platformLog : { ...platformLog, debug: () => {} };

function loggerOf(write: typeof log): Logger {
  const at = (level: LogLevel): Logger[keyof Logger] => (fields, message) => write(level, message, fields);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
