import { inspect } from 'node:util';

import { expect, test } from 'vitest';

import { Redacted } from './redacted.ts';

test('a redacted value shows itself to nobody who does not ask', () => {
  const holder = { key: new Redacted('s3cret') };
  for (const text of [`${holder.key}`, String(holder.key), JSON.stringify(holder), inspect(holder, { depth: 9, showHidden: true })]) {
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('s3cret');
  }
  expect(holder.key.reveal()).toBe('s3cret');
});
