import type { Logger } from '@plinth/controller-runtime';
import { describe, expect, it } from 'vitest';
import { platformLogger } from './platform-logger.ts';

describe(platformLogger, () => {
  it('names Promise, request, trace and logger as Kratix does', () => {
    const said: object[] = [];
    const note = (fields: object): void => void said.push(fields);
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    const line = { controller: 'request:redis', namespace: 'default', name: 'one' };
    platformLogger(log, { traceId: () => 'abc' }, 'kratix').info(line, 'reconciled');
    platformLogger(log, { traceId: () => undefined }).info(line, 'reconciled');
    const request = { ...line, promise: 'redis', resourceRequest: 'redis/default/one' };
    expect(said).toEqual([{ logger: 'kratix', ...request, trace_id: 'abc' }, request]);
  });
});
