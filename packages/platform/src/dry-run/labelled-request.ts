import { type Work, works as workKind } from '@plinth/api';
import { keyOf, type ObjectKey } from '@plinth/apimachinery';
import { isTrue } from '../conditions.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { stableName } from '../naming/stable-name.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import { BY_SUBJECT, subjectKey } from '../runtime/informers.ts';
import { filesOf } from './compare-works.ts';
import type { DryRunRequests } from './follow-requests.ts';
import { ownedBy, summaryWork } from './objects.ts';
import { MAX_CHARACTERS } from './summary.ts';

/** The file by which the pipeline of a labelled request says itself what would change. */
export const DIFF_FILE = 'kratix-diff.md';

/**
 * A request that somebody labelled `kratix.io/dry-run` by hand: its own workflow says in files named `kratix-diff.md` what
 * would change, and the summary puts them together. When the label goes, so does what the dry run wrote, and the workflow
 * runs for real (contract, section 7.6, 7).
 */
export async function reconcileLabelledRequest({ client, informers }: PlatformContext, followed: DryRunRequests, promise: string, key: ObjectKey): Promise<void> {
  const works = informers.works.byIndex(BY_SUBJECT, subjectKey(promise, key.namespace, key.name)).filter((work) => isMarked(work, LABELS.dryRun));
  const name = stableName(`${promise}-${key.name}-dry-run-summary`, 'request', promise, key.name);
  const summary = informers.works.get({ namespace: key.namespace!, name });
  const labelled = followed.requests.get(key);
  if (labelled?.metadata.labels?.[LABELS.dryRunOwner] !== undefined) return;

  if (!labelled || labelled.metadata.deletionTimestamp) {
    const stale = [...(labelled ? [] : works), ...(summary ? [summary] : [])].filter((work) => !work.metadata.deletionTimestamp);
    if (stale.length === 0) return;
    const request = labelled ?? (await client.find(followed.resource, key));
    if (request && !labelled) {
      if (isMarked(request, LABELS.dryRun) || request.metadata.labels?.[LABELS.dryRunOwner] !== undefined) return;
      // First, so that it is not forgotten when this process ends between the two.
      await client.patch(followed.resource, key, 'merge', { metadata: { labels: { [LABELS.manualReconciliation]: 'true' } } });
    }
    await Promise.all(stale.map((work) => ensureDeleted(client, workKind, work)));
    return;
  }

  const { status, metadata } = labelled;
  if (!isTrue(status?.conditions, 'WorksSucceeded') || status?.observedGeneration !== metadata.generation) return;
  const markdown = diffsOf(works);
  if (markdown === undefined) return summary && !summary.metadata.deletionTimestamp ? ensureDeleted(client, workKind, summary) : undefined;
  const desired = summaryWork({ name, namespace: key.namespace!, labels: {}, owner: ownedBy(labelled), promise, resourceName: key.name, file: 'kratix-dry-run-summary.md', markdown });
  if (!summary) await client.create(workKind, desired);
  else if (textOf(summary) !== markdown && !summary.metadata.deletionTimestamp) await client.patch(workKind, keyOf(summary), 'merge', { spec: desired.spec });
}

function diffsOf(works: readonly Work[]): string | undefined {
  const sections = works
    .toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))
    .flatMap((work) => filesOf(work).filter(({ path }) => path === DIFF_FILE || path.endsWith(`/${DIFF_FILE}`)).map(({ text }) => `## Pipeline: ${work.metadata.labels?.[LABELS.pipelineName] ?? ''}\n\n${text.trimEnd()}\n`));
  return sections.length === 0 ? undefined : `# Kratix Dry Run Summary\n\n${sections.join('\n')}`.slice(0, MAX_CHARACTERS);
}

const textOf = (summary: Work): string | undefined => filesOf(summary)[0]?.text;
