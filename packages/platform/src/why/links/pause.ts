import { isMarked, LABELS } from '../../naming/labels.ts';
import type { Chain, Link } from '../chain.ts';
import { conditionOf, linkMaker, nameOf, quote } from '../words.ts';

const link = linkMaker('pause');

/** Whether somebody, or a pipeline, asked for a halt. Absent when nobody did. */
export function pauseLink({ object, status }: Chain): Link | undefined {
  const name = nameOf(object.kind, object.metadata.name, object.metadata.namespace);
  const since = conditionOf(status.conditions, 'Reconciled')?.lastTransitionTime;
  if (isMarked(object, LABELS.paused)) return link(name, 'failed', `${name} is paused by the label ${LABELS.paused}`, { since, next: 'remove the label' });
  if (!isMarked(object, LABELS.workflowSuspended)) return undefined;
  const suspended = status.kratix?.workflows?.pipelines?.find(({ phase }) => phase === 'Suspended');
  const said = suspended?.message ? `: ${quote(suspended.message, 100)}` : '';
  if (!suspended) return link(name, 'failed', `${name} is suspended by the label ${LABELS.workflowSuspended}`, { since, next: 'remove the label' });
  const what = `pipeline ${suspended.name} suspended itself${said}`;
  const next = suspended.nextRetryAt ? `it tries again at ${suspended.nextRetryAt}` : `remove the label ${LABELS.workflowSuspended} to go on`;
  return link(name, 'failed', what, { since: suspended.lastTransitionTime ?? since, next });
}
