import type { Work } from '@plinth/api';
import { decodeWorkload } from '@plinth/state-store';
import { LABELS } from '../naming/labels.ts';

/** What one pipeline would change in the state store. Paths are those of its output. */
export interface PipelineChanges {
  readonly pipeline: string;
  readonly added: readonly FileText[];
  readonly modified: readonly { readonly path: string; readonly before: string; readonly after: string }[];
  readonly removed: readonly FileText[];
}

export interface FileText {
  readonly path: string;
  readonly text: string;
}

/** Compares the Works that a dry run wrote with those that stand, pipeline by pipeline, in the order of their names. */
export function compareWorks(standing: readonly Work[], proposed: readonly Work[]): readonly PipelineChanges[] {
  const before = byPipeline(standing);
  const after = byPipeline(proposed);
  return [...new Set([...before.keys(), ...after.keys()])].sort().map((pipeline) => comparePipeline(pipeline, before.get(pipeline) ?? new Map(), after.get(pipeline) ?? new Map()));
}

function comparePipeline(pipeline: string, before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): PipelineChanges {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return {
    pipeline,
    added: paths.filter((path) => !before.has(path)).map((path) => ({ path, text: after.get(path)! })),
    modified: paths.filter((path) => before.has(path) && after.has(path) && before.get(path) !== after.get(path)).map((path) => ({ path, before: before.get(path)!, after: after.get(path)! })),
    removed: paths.filter((path) => !after.has(path)).map((path) => ({ path, text: before.get(path)! })),
  };
}

/** The files of Works, by the pipeline that wrote them. */
export function byPipeline(works: readonly Work[]): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map(works.map((work) => [work.metadata.labels?.[LABELS.pipelineName] ?? '', new Map(filesOf(work).map(({ path, text }) => [path, text]))]));
}

/** The files of a Work as text. What is none is shown by its size. */
export function filesOf(work: Work): readonly FileText[] {
  return (work.spec?.workloadGroups ?? []).flatMap((group) =>
    (group.workloads ?? []).map(({ filepath = '', content = '' }) => {
      const bytes = decodeWorkload({ filepath, content });
      return { path: filepath, text: bytes.includes(0) ? `(${bytes.byteLength} bytes that are no text)` : Buffer.from(bytes).toString('utf8') };
    }),
  );
}
