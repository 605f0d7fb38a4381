import { describe, expect, it } from 'vitest';
import { type DryRunReport, renderSummary } from './summary.ts';

const report = (text: string): DryRunReport => ({ promise: 'bucket', request: 'default/one', comparedWith: 'new', pipelines: [{ pipeline: 'make', added: [{ path: 'notes.md', text }], modified: [], removed: [] }], components: [] });

describe(renderSummary, () => {
  it('fences a file with more backticks than it has', () => {
    expect(renderSummary(report('a ```` b'))).toContain('\n`````\na ```` b\n`````\n');
  });

  it('takes a file with very many of them', () => {
    expect(renderSummary(report('` '.repeat(200_000)))).toContain('\n```\n` ` ');
  });
});
