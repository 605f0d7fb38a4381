import { structuredPatch } from 'diff';
import type { FileText, PipelineChanges } from './compare-works.ts';

/** A dry run with everything that came of it. */
export interface DryRunReport {
  readonly promise: string;
  /** `namespace/name` of the request. */
  readonly request: string;
  /** Whether the request is there already; what is in another namespace than was asked for is not looked at. */
  readonly comparedWith: 'exists' | 'new' | 'in another namespace, not compared';
  readonly pipelines: readonly PipelineChanges[];
  readonly components: readonly DryRunReport[];
  /** Why there is nothing to show. */
  readonly failure?: string;
}

/** The summary in Markdown: a section per pipeline, those of components below. At most {@link MAX_CHARACTERS}. */
export function renderSummary(report: DryRunReport): string {
  const text = `# Kratix Dry Run Summary\n\n${lines(report, 2).join('\n')}\n`;
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}\n\n(cut after ${MAX_CHARACTERS} characters of ${text.length})\n`;
}

/** As a Work can carry it, with room to spare. */
export const MAX_CHARACTERS = 600_000;

/** `2 added, 1 modified, 0 removed`, over all pipelines and components. */
export function countsOf(report: DryRunReport): string {
  const all = (one: DryRunReport): readonly PipelineChanges[] => [...one.pipelines, ...one.components.flatMap(all)];
  const sum = (of: (changes: PipelineChanges) => number): number => all(report).reduce((total, changes) => total + of(changes), 0);
  return `${sum(({ added }) => added.length)} added, ${sum(({ modified }) => modified.length)} modified, ${sum(({ removed }) => removed.length)} removed`;
}

function lines(report: DryRunReport, level: number): readonly string[] {
  const heading = (depth: number, text: string): string => `${'#'.repeat(Math.min(6, level + depth))} ${text}`;
  return [
    `Promise \`${report.promise}\`, request \`${report.request}\` (${report.comparedWith}): ${countsOf(report)}.`,
    '',
    ...(report.failure ? [`The dry run failed: ${report.failure}`, ''] : []),
    ...report.pipelines.flatMap((changes) => [heading(0, `Pipeline: ${changes.pipeline}`), '', ...pipelineLines(changes, (text) => heading(1, text))]),
    ...report.components.flatMap((component) => [heading(0, `Component: ${component.promise} ${component.request}`), '', ...lines(component, level + 1)]),
  ];
}

function pipelineLines({ added, modified, removed }: PipelineChanges, heading: (text: string) => string): readonly string[] {
  const whole = (title: string, files: readonly FileText[]): readonly string[] => files.flatMap(({ path, text }) => [heading(`${title}: ${path}`), '', ...fenced(text, languageOf(path)), '']);
  return [
    `Added: ${added.length}, modified: ${modified.length}, removed: ${removed.length}`,
    '',
    ...whole('Added', added),
    ...modified.flatMap(({ path, before, after }) => [heading(`Modified: ${path}`), '', ...fenced(lineDiff(before, after), 'diff'), '']),
    ...whole('Removed', removed),
  ];
}

/** The hunks of a unified diff. Texts that have next to nothing in common are shown one after the other: cheaper, and no harder to read. */
function lineDiff(before: string, after: string): string {
  const patch = structuredPatch('', '', before, after, undefined, undefined, { context: 3, maxEditLength: 2000 });
  if (!patch) return [...before.split('\n').map((line) => `-${line}`), ...after.split('\n').map((line) => `+${line}`)].join('\n');
  return patch.hunks.flatMap((hunk) => [`@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`, ...hunk.lines]).join('\n');
}

/** A fence longer than any in the text. */
function fenced(text: string, language: string): readonly string[] {
  const longest = text.match(/`+/g)?.reduce((most, run) => Math.max(most, run.length), 2) ?? 2;
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, text.replace(/\n$/, ''), fence];
}

const languageOf = (path: string): string => (/\.ya?ml$/.test(path) ? 'yaml' : path.endsWith('.json') ? 'json' : '');
