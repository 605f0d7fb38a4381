import { boolean, int32, list, object, oneOf, string, time } from '../schema/fields.ts';

const identity = {
  apiVersion: string('API version of the object.'),
  kind: string('Kind of the object.'),
  namespace: string('Namespace of the object, absent for a cluster-wide one.'),
  name: string('Name of the object.'),
};

/**
 * Ours: what the GitOps agent of a destination says of the state store's content, as a reporter on the destination
 * writes it into the Destination's status. Kratix has nothing of the kind; without a report nobody can say `Applied`.
 */
export const agentReport = object('What the GitOps agent of the destination has done with the files. Absent until it has reported.', {
  reportedAt: time('When this report was written. That the reporter is still alive is told by its Lease, `destination-<name>`.'),
  sources: list(
    'Where the agent fetches from.',
    object('One GitRepository or Bucket.', {
      kind: string('GitRepository or Bucket.'),
      name: string('Its name.'),
      revision: string('The revision that was fetched last, `main@sha1:<commit>` of git, `sha256:<digest>` of a bucket.'),
      prefix: string('Of a Bucket: it takes only objects whose keys begin with this.'),
      isFiltered: boolean('Of a Bucket: it leaves some objects out (spec.ignore), so that its revision is not that of the whole.'),
      ready: oneOf('Whether the last fetch succeeded.', ['True', 'False', 'Unknown']),
      message: string('What the agent says of it.'),
    }),
  ),
  kustomizations: list(
    'What the agent applies.',
    object('One Kustomization.', {
      name: string('Its name.'),
      source: string('The name of the source that it applies from.'),
      sourceKind: string('The kind of that source.'),
      path: string('The folder that it applies, relative to the root of the repository, without `./`.'),
      lastAppliedRevision: string('The revision that was applied last with success.'),
      lastAttemptedRevision: string('The revision that was tried last.'),
      partial: boolean('lastAttemptedRevision was applied, too: all of it but the objects in failures.'),
      ready: oneOf('Its condition Ready.', ['True', 'False', 'Unknown']),
      reason: string('The reason of that condition.'),
      message: string('The message of that condition.'),
      appliedAt: time('When the newest revision that is applied (lastAppliedRevision, or the partial one) was seen to be so.'),
      failures: list(
        'What of lastAttemptedRevision the cluster refused, or the agent could not read. At most 200.',
        object('One object, or one file.', { ...identity, path: string('The file that it stands in, relative to the root of the repository. Absent when the agent does not say.'), message: string('What the cluster said: the field and why.') }),
      ),
      failureCount: int32('How many failures there are: more than are listed when there are too many for a report.'),
    }),
  ),
  unhealthy: list(
    'Applied objects that do not work (yet). At most 1000, and those that have been so for the longest.',
    object('One object.', {
      ...identity,
      reason: string('A word: InProgress, ImagePullBackOff, CrashLoopBackOff, FailedScheduling ...'),
      message: string('Which pod, which container, and why.'),
      since: time('Since when.'),
    }),
  ),
  unhealthyCount: int32('How many do not work: more than are listed when there are too many for a report.'),
});
