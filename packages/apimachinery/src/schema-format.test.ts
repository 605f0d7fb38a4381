import { expect, test } from 'vitest';
import { hasFormat } from './schema-format.ts';

test('dates are days of the calendar', () => {
  const dates = (texts: readonly string[]): readonly string[] => texts.filter((text) => hasFormat(text, 'date'));
  const good = ['2024-02-29', '2000-02-29', '2026-12-31', '2026-04-30', '0001-01-01'];
  expect(dates(good)).toEqual(good);
  expect(dates(['2026-02-29', '1900-02-29', '2026-13-01', '2026-00-10', '2026-04-31', '2026-01-00', '2026-1-1', '2026-01-01T00:00:00Z'])).toEqual([]);
  expect(['2026-02-28T23:59:60Z', '2026-02-28T23:59:00.5+02:00', '2026-02-29T00:00:00Z', '2026-02-28T24:00:00Z'].map((text) => hasFormat(text, 'date-time'))).toEqual([true, true, false, false]);
});
