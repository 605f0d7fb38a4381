import type { why } from '@plinth/platform';
import { duration, type Style } from '../ui/style.ts';
import type { LastLines } from './last-log-lines.ts';

/** The answer, then the chain with a mark for each link; under the one that failed its log, where there is one. */
export function printExplanation({ isReady, sentence, cause, links }: why.Explanation, style: Style, log: LastLines | undefined): string {
  const width = Math.max(...links.map(({ link }) => link.length));
  const marks = { ok: style.green('✓'), failed: style.red('✗'), waiting: style.dim('·'), unknown: style.dim('?') } as const;
  const lines = links.flatMap((one) => {
    // The cause has been said.
    const text = one === cause ? one.object : one.state === 'failed' ? one.message : `${one.object} ${one.message}`;
    const line = `  ${marks[one.state]} ${one.link.padEnd(width)}  ${one.state === 'ok' || one.state === 'failed' ? text : style.dim(text)}${one.since ? style.dim(`  ${one.since}`) : ''}`;
    return one === cause && log ? [line, ...log.lines.map((text) => style.dim(`      ${log.container}: ${printable(text)}`))] : [line];
  });
  return [style.bold(isReady ? style.green(sentence) : sentence), '', ...lines].join('\n');
}

/** Bars on one scale of time, from the first moment to the last; what goes on reaches to now. */
export function printWaterfall(stages: readonly why.Span[], style: Style, nowMs: number): string {
  const spans = stages.flatMap(({ parts = [], ...stage }) => [stage, ...parts.map((part) => ({ ...part, name: `  ${part.name}` }))]);
  if (spans.length === 0) return 'nothing has a time stamp yet';
  const isOpen = ({ endMs, isMoment }: why.Span): boolean => endMs === undefined && !isMoment;
  const endOf = (span: why.Span): number => span.endMs ?? (isOpen(span) ? Math.max(nowMs, span.startMs) : span.startMs);
  const start = spans[0]!.startMs;
  const total = Math.max(1, Math.max(...spans.map(endOf)) - start);
  const width = Math.max(...spans.map(({ name }) => name.length));
  const lines = spans.map((span) => {
    const offset = Math.max(0, span.startMs - start);
    const from = Math.min(COLUMNS - 1, Math.round((offset / total) * (COLUMNS - 1)));
    const length = Math.max(1, Math.round(((endOf(span) - Math.max(start, span.startMs)) / total) * COLUMNS));
    const bar = `${' '.repeat(from)}${span.isMoment ? '◆' : '━'.repeat(Math.min(length, COLUMNS - from))}`.padEnd(COLUMNS);
    return `  ${span.name.padEnd(width)}  ${`+${offset < 1000 ? `${Math.round(offset)} ms` : duration(offset)}`.padStart(9)}  ${isOpen(span) ? style.red(bar) : style.green(bar)}  ${took(span, endOf(span))}`.trimEnd();
  });
  return [`from ${new Date(start).toISOString()}; Kubernetes notes whole seconds where it says "< 1 s"`, ...lines].join('\n');
}

function took({ startMs, endMs, isMoment, precisionMs }: why.Span, end: number): string {
  if (isMoment) return '';
  const ms = end - startMs;
  const text = precisionMs === 1000 ? (ms < 1000 ? '< 1 s' : `${Math.round(ms / 1000)} s`) : duration(ms);
  return endMs === undefined ? `${text} so far` : text;
}

const COLUMNS = 40;

/** What a container printed must not steer the terminal. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const printable = (text: string): string => text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '').slice(0, 200);
