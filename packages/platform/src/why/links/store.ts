import type { WorkPlacement } from '@plinth/api';
import type { StateStoreReason } from '@plinth/state-store';
import { type Condition, isTrue } from '../../conditions.ts';
import { LABELS } from '../../naming/labels.ts';
import type { Chain, Link, StateStore } from '../chain.ts';
import { conditionOf, linkMaker, nameOf, quote } from '../words.ts';

const link = linkMaker('store');

/** Whether the files stand in the state store: which error, where not. What stands there does not mind a store that is away. */
export function storeLink({ object, placements, works, destinations, findStore }: Chain): Link {
  const isInBucket = ({ spec }: WorkPlacement): boolean => destinations.find(({ metadata }) => metadata.name === spec?.targetDestinationName)?.spec?.stateStoreRef?.kind === 'BucketStateStore';
  const isDeleting = Boolean(object.metadata.deletionTimestamp);
  const open = placements.filter((placement) => isDeleting || !isWritten(placement, works.find(({ metadata }) => metadata.name === placement.metadata.labels?.[LABELS.work])?.metadata.generation));
  for (const placement of open) {
    const ref = destinations.find(({ metadata }) => metadata.name === placement.spec?.targetDestinationName)?.spec?.stateStoreRef;
    if (!ref) continue;
    const name = nameOf(ref.kind, ref.name);
    const store = findStore(ref);
    if (!store) return link(name, 'failed', `${name} of ${nameOf('Destination', placement.spec?.targetDestinationName)} does not exist`, { next: 'create it, or correct the stateStoreRef of the Destination' });
    const ready = conditionOf(store.status?.conditions, 'Ready');
    const written = conditionOf(placement.status?.conditions, 'WriteSucceeded');
    if (ready?.status === 'False') return troubled(name, store, ready);
    if (written?.status === 'False') {
      return written.cause === undefined || !FAULTS_OF_FILES.has(written.cause)
        ? troubled(name, store, written)
        : link(name, 'failed', `${name} does not take the files of ${placement.metadata.name}: ${quote(written.message)}`, { since: written.lastTransitionTime, next: 'correct what the pipeline writes' });
    }
  }
  if (isDeleting) return link('the files', placements.length === 0 ? 'ok' : 'waiting', placements.length === 0 ? 'are removed' : 'are being removed');
  if (placements.length === 0 || open.length > 0) return link('the files', 'waiting', placements.length === 0 ? 'are not written yet' : 'are being written');
  const last = placements.map((placement) => conditionOf(placement.status?.conditions, 'WriteSucceeded')?.lastTransitionTime ?? '').sort().at(-1);
  const versions = [...new Set(placements.map((placement) => shortVersion(placement.status?.versionID)).filter(Boolean))];
  return link(versions.length === 1 ? `${placements.some(isInBucket) ? 'version' : 'commit'} ${versions[0]}` : `${placements.length} placements`, 'ok', versions.length === 1 ? 'holds the files' : 'are written', { since: last });
}

function troubled(name: string, store: StateStore, { reason, message, cause, lastTransitionTime: since }: Condition): Link {
  const { secretRef } = store.spec ?? {};
  const secret = secretRef?.name ? `Secret ${secretRef.namespace || 'default'}/${secretRef.name}` : 'its credentials (spec.secretRef)';
  const error = message.replace(/^Error validating state store permissions: /, '');
  const say = (what: string, next: string): Link => link(name, 'failed', `${name} ${what}: ${quote(error)}`, { since, next });
  if (reason === 'SecretNotFound') return say('has no credentials', 'create that Secret');
  // What stands in the store's spec or in its Secret; no server was asked.
  if (reason === 'ErrorInitialisingWriter' && cause === undefined) return say('cannot be used', `correct its spec, or ${secret}`);
  switch (cause as StateStoreReason | undefined) {
    case 'unauthorized':
      return /host key|known.?hosts/i.test(error) ? say('shows a host key that is not known', `put it into the key knownHosts of ${secret}`) : say('refuses the credentials', `correct ${secret}`);
    case 'unreachable':
      return /certificate|\bTLS\b|self.signed/i.test(error) ? say('shows a certificate that is not trusted', `put its authority into the key ca.crt of ${secret}`) : say('cannot be reached', `see whether the server at ${addressOf(store)} runs`);
    case 'not-found':
      if (store.kind === 'BucketStateStore') return say('cannot be written', 'create the bucket, or correct spec.bucketName');
      return say('cannot be written', /has no branch /.test(error) ? 'create the branch, or correct spec.branch' : 'create the repository, or correct spec.url');
    case 'rejected':
      return say('refuses the push', 'see who else writes to the branch, and which rules it has');
    default:
      return say('cannot be written', `see kubectl describe ${name.replace(' ', '/').toLowerCase()}`);
  }
}

/** Content that cannot be laid out, or that is another placement's; everything else is the store's. */
const FAULTS_OF_FILES: ReadonlySet<string> = new Set<StateStoreReason>(['invalid', 'conflict']);

/** Whether the content that this generation of the Work has stands in the store. */
const isWritten = (placement: WorkPlacement, generation: number | undefined): boolean =>
  isTrue(placement.status?.conditions, 'WriteSucceeded', placement.metadata.generation) && (generation === undefined || placement.spec?.generation === generation);

const addressOf = ({ spec }: StateStore): string => quote(String((spec as { readonly url?: string; readonly endpoint?: string } | undefined)?.url ?? (spec as { readonly endpoint?: string } | undefined)?.endpoint ?? '').replace(/\/\/[^@/]*@/, '//'), 80);

const shortVersion = (version: string | undefined): string => (version ?? '').replace(/^.*:/, '').slice(0, 10);
