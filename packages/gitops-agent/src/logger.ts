import { defaultLogger, type Logger } from '@plinth/controller-runtime';

/** Where the agent logs when its owner gives no logger. */
export const logger: Logger = defaultLogger;
