import type { Logger } from '@plinth/controller-runtime';
import type { Telemetry } from './telemetry.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Adds to what controllers log by which people look for it in the logs of Kratix: the Promise, the request as
 * `promise/namespace/name`, the trace (contract, section 8.3), and as `logger` the name that the installation gave.
 */
export function platformLogger(log: Logger, telemetry: Pick<Telemetry, 'traceId'>, name?: string): Logger {
  const complete = (fields: Fields): Fields => {
    const traceId = telemetry.traceId();
    return { ...(name ? { logger: name } : {}), ...fields, ...subjectOf(fields), ...(traceId ? { trace_id: traceId } : {}) };
  };
  return {
    debug: (fields, message) => log.debug(complete(fields), message),
    info: (fields, message) => log.info(complete(fields), message),
    warn: (fields, message) => log.warn(complete(fields), message),
    error: (fields, message) => log.error(complete(fields), message),
  };
}

function subjectOf({ controller, namespace, name }: Fields): Fields {
  if (typeof controller !== 'string' || typeof name !== 'string') return {};
  if (controller === 'promise') return { promise: name };
  const [kind, promise] = controller.split(':');
  return kind === 'request' && promise ? { promise, resourceRequest: `${promise}/${String(namespace)}/${name}` } : {};
}
