import { expect, test } from 'vitest';
import { microTimeText, timeText } from './time-text.ts';

test('times have seconds or microseconds', () => {
  const ms = Date.parse('2026-02-03T04:05:06.789Z');
  expect([ms, ms + 210, ms + 211, ms, -1, 0].map(timeText)).toEqual([
    '2026-02-03T04:05:06Z', '2026-02-03T04:05:06Z', '2026-02-03T04:05:07Z', '2026-02-03T04:05:06Z', '1969-12-31T23:59:59Z', '1970-01-01T00:00:00Z',
  ]);
  expect(microTimeText(ms)).toBe('2026-02-03T04:05:06.789000Z');
});
