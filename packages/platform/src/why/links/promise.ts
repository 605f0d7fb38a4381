import type { PlatformPromise } from '@plinth/api';
import { isMarked, LABELS } from '../../naming/labels.ts';
import type { Chain, Link } from '../chain.ts';
import { conditionOf, linkMaker, nameOf, quote } from '../words.ts';

const link = linkMaker('promise');

/** Whether the Promise can serve: it is there, what it requires is there, its own workflow succeeded once. */
export function promiseLink({ type, object, promise, findPromise }: Chain): Link {
  if (!promise) return link(nameOf('Promise', object.metadata.labels?.[LABELS.promiseName]), 'failed', `${nameOf('Promise', object.metadata.labels?.[LABELS.promiseName])} is not installed`, { next: 'install it' });
  const name = nameOf('Promise', promise.metadata.name);
  const available = conditionOf(promise.status?.conditions, 'Available');
  if (promise.metadata.deletionTimestamp) return link(name, 'failed', `${name} is being deleted`, { since: promise.metadata.deletionTimestamp, next: 'install it again' });

  const missing = promise.status?.requiredPromises?.find(({ state }) => state !== 'Requirement installed');
  const isBlocked = conditionOf(promise.status?.conditions, 'RequirementsFulfilled')?.status === 'False';
  if (missing && isBlocked) return required(name, missing, findPromise);
  // The Promise's own chain goes on from here.
  if (type === 'promise') return link(name, 'ok', available?.status === 'True' ? 'is available' : 'has what it requires', { since: available?.lastTransitionTime });

  if (isMarked(promise, LABELS.paused)) return link(name, 'failed', `${name} is paused by the label ${LABELS.paused}`, { since: available?.lastTransitionTime, next: 'remove the label' });
  if (available?.status === 'True') return link(name, 'ok', 'is available', { since: available.lastTransitionTime });
  const trouble = troubleOf(promise);
  if (trouble) return link(name, 'failed', `${name} is not available: ${trouble}`, { since: available?.lastTransitionTime, next: `see plinth why promise/${promise.metadata.name}` });
  return link(name, 'waiting', 'is being installed');
}

function required(name: string, { name: other = '', version, state }: { readonly name?: string; readonly version?: string; readonly state?: string }, findPromise: Chain['findPromise']): Link {
  const which = nameOf('Promise', other);
  switch (state) {
    case 'Requirement not installed':
      return link(name, 'failed', `${name} requires ${which}, which is not installed`, { next: 'install it' });
    case 'Requirement not installed at the specified version':
      return link(name, 'failed', `${name} requires version ${version} of ${which}, which was never installed`, { next: `install that version, or change spec.requiredPromises` });
    default: {
      const promise = findPromise(other);
      const trouble = promise && troubleOf(promise);
      return link(name, 'failed', `${name} requires ${which}, which is not available${trouble ? `: ${trouble}` : ''}`, { next: `see plinth why promise/${other}` });
    }
  }
}

/** Why a Promise does not serve, in a few words; undefined while it is on its way. */
function troubleOf(promise: PlatformPromise): string | undefined {
  const { conditions } = promise.status ?? {};
  if (isMarked(promise, LABELS.paused)) return `it is paused by the label ${LABELS.paused}`;
  const required = promise.status?.requiredPromises?.find(({ state }) => state !== 'Requirement installed');
  if (required && conditionOf(conditions, 'RequirementsFulfilled')?.status === 'False') return `it requires ${nameOf('Promise', required.name)} (${(required.state ?? '').toLowerCase()})`;
  if (isMarked(promise, LABELS.workflowSuspended)) return 'its workflow is suspended';
  const completed = conditionOf(conditions, 'ConfigureWorkflowCompleted');
  return completed?.reason === 'ConfigureWorkflowFailed' ? quote(completed.message.replace(/^A Configure Pipeline has failed: /, 'its pipeline failed: '), 120) : undefined;
}
