import { encodeWorkload } from '@plinth/state-store';
import { md5hex } from '../naming/stable-name.ts';
import type { WorkflowType } from '../workflow/pipeline.ts';
import { PipelineOutputError } from './errors.ts';
import { OUTPUT_LIMITS } from './limits.ts';
import type { WorkflowSelector } from './metadata-files.ts';
import type { OutputFile } from './read-output.ts';

export interface GroupSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly source: 'promise' | 'promise-workflow' | 'resource-workflow';
}

/** Files that go to the same destinations (`spec.workloadGroups[]` of a Work). */
export interface WorkloadGroup {
  readonly id: string;
  readonly directory: string;
  readonly destinationSelectors?: readonly GroupSelector[];
  readonly workloads: readonly { readonly filepath: string; readonly content: string }[];
}

/**
 * Sorts a pipeline's output into groups: one per directory that the pipeline named, in its order, and the rest as `.`
 * (contract, section 4.1). A Promise's own selectors bind the rest only.
 */
export function groupWorkloads(
  files: readonly OutputFile[],
  selectors: readonly WorkflowSelector[],
  promiseLabels: Readonly<Record<string, string>>,
  type: WorkflowType,
): readonly WorkloadGroup[] {
  const source = `${type}-workflow` as const;
  const named = selectors.filter((selector) => selector.directory !== '.');
  const root = selectors.find((selector) => selector.directory === '.');
  const groups: WorkloadGroup[] = [];
  const taken = new Set<OutputFile>();
  for (const { directory, matchLabels } of named) {
    const below = files.filter((file) => file.path.startsWith(`${directory}/`));
    if (below.length === 0) throw new PipelineOutputError(`destination-selectors.yaml names the directory ${directory}, which the pipeline did not write`);
    for (const file of below) taken.add(file);
    groups.push({ id: md5hex(directory), directory, destinationSelectors: [{ matchLabels, source }], workloads: below.map(encode) });
  }
  const rest = files.filter((file) => !taken.has(file));
  if (rest.length > 0) {
    const destinationSelectors: GroupSelector[] = [
      ...(root ? [{ matchLabels: root.matchLabels, source }] : []),
      ...(Object.keys(promiseLabels).length > 0 ? [{ matchLabels: promiseLabels, source: 'promise' as const }] : []),
    ];
    groups.push({ id: md5hex('.'), directory: '.', ...(destinationSelectors.length > 0 ? { destinationSelectors } : {}), workloads: rest.map(encode) });
  }
  const encodedBytes = groups.reduce((sum, group) => sum + group.workloads.reduce((bytes, { content, filepath }) => bytes + content.length + filepath.length, 0), 0);
  if (encodedBytes > OUTPUT_LIMITS.encodedBytes) {
    throw new PipelineOutputError(`the output has ${encodedBytes} bytes when compressed; one Work can carry ${OUTPUT_LIMITS.encodedBytes}`);
  }
  return groups;
}

const encode = (file: OutputFile): { filepath: string; content: string } => encodeWorkload(file.path, file.content);
