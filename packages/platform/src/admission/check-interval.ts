import { fieldInvalid, type StatusCause } from '@plinth/apimachinery';
import { parseGoDuration } from '../go-duration.ts';
import { MIN_INTERVAL_MS } from '../workflow/interval.ts';

/** What is wrong with a reconciliation interval at `path`. */
export function checkInterval(value: unknown, path: string): readonly StatusCause[] {
  const ms = typeof value === 'string' ? parseGoDuration(value) : undefined;
  if (ms === undefined) return [fieldInvalid(path, value, 'must be a duration such as 90s, 5m or 10h')];
  return ms < MIN_INTERVAL_MS ? [fieldInvalid(path, value, 'must be at least 1m')] : [];
}
