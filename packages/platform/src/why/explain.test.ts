import type { AgentReport, BucketStateStore, Destination, GitStateStore, PlatformPromise, Pod, ResourceBinding, Work, WorkPlacement } from '@plinth/api';
import type { Condition } from '@plinth/apimachinery';
import { encodeWorkload, type StateStoreReason } from '@plinth/state-store';
import { describe, expect, it } from 'vitest';
import type { HealthState } from '../health-record/aggregate.ts';
import type { RequestStatus } from '../resource-request/request.ts';
import type { Chain } from './chain.ts';
import { explain, findCause } from './explain.ts';

const AT = '2026-11-22T21:04:05Z';
const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string, message = reason, cause?: StateStoreReason): Condition => ({ type, status, reason, message, lastTransitionTime: AT, ...(cause ? { cause } : {}) });

const promise = (extra: object = {}, status: object = {}, metadata: object = {}): PlatformPromise =>
  ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Promise', metadata: { name: 'bucket', ...metadata }, spec: extra, status: { status: 'Available', conditions: [condition('Available', 'True', 'PromiseAvailable')], ...status } }) as PlatformPromise;
const work = (status: object = { conditions: [condition('ScheduleSucceeded', 'True', 'AllWorkplacementsScheduled')] }, selectors: Readonly<Record<string, string>> = { environment: 'dev' }): Work =>
  ({ metadata: { name: 'bucket-one-make', namespace: 'default', uid: 'w1', generation: 1 }, spec: { workloadGroups: [{ id: 'g', destinationSelectors: [{ source: 'promise', matchLabels: selectors }], workloads: [{}] }] }, status }) as unknown as Work;
const placement = (conditions: readonly object[] = [condition('WriteSucceeded', 'True', 'WorkloadsWrittenToStateStore')], labels: object = {}): WorkPlacement =>
  ({
    metadata: { name: 'bucket-one-make.worker-5058f', namespace: 'default', generation: 1, labels: { 'kratix.io/work': 'bucket-one-make', ...labels }, ownerReferences: [{ uid: 'w1' }] },
    spec: { targetDestinationName: 'worker', id: 'g', generation: 1, resourceName: 'one', promiseName: 'bucket', workloads: [encodeWorkload('deployment.yaml', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: default}\n')] },
    status: { versionID: 'abcdef0123456789', conditions },
  }) as unknown as WorkPlacement;
const destination = (name = 'worker', labels: Readonly<Record<string, string>> = { environment: 'dev' }, agent?: AgentReport): Destination =>
  ({ kind: 'Destination', metadata: { name, labels }, spec: { path: name, stateStoreRef: { kind: 'GitStateStore', name: 'default' } }, status: agent ? { agent } : {} }) as Destination;
const store = (ready: object = condition('Ready', 'True', 'StateStoreReady')): GitStateStore =>
  ({ kind: 'GitStateStore', metadata: { name: 'default' }, spec: { url: 'https://localhost:31443/gitea_admin/kratix', secretRef: { name: 'git', namespace: 'kratix-platform-system' } }, status: { status: '', conditions: [ready] } }) as unknown as GitStateStore;
const report = (extra: object = {}): AgentReport =>
  ({
    reportedAt: AT,
    sources: [{ kind: 'GitRepository', name: 'kratix', revision: 'main@sha1:abc', ready: 'True', message: '' }],
    kustomizations: [{ name: 'resources', path: 'worker/resources', ready: 'True', lastAppliedRevision: 'main@sha1:abc', failures: [] }],
    unhealthy: [],
    ...extra,
  }) as unknown as AgentReport;
const health = (state: HealthState, message: string) => ({ healthStatus: { state, healthRecords: [{ state, lastRun: 1_795_381_445, source: { name: 'bucket-one', namespace: 'default' }, details: { message } }] } });
const failed = (message: string): RequestStatus => ({
  conditions: [condition('ConfigureWorkflowCompleted', 'False', 'ConfigureWorkflowFailed', `A Configure Pipeline has failed: make: ${message}`)],
  kratix: { workflows: { pipelines: [{ name: 'make', phase: 'Failed', message }] } },
});
const completed = [condition('ConfigureWorkflowCompleted', 'True', 'PipelinesExecutedSuccessfully'), condition('Reconciled', 'True', 'Reconciled')];

const chain = (overrides: Partial<Chain> & { readonly labels?: object } = {}): Chain => ({
  type: 'request',
  object: { apiVersion: 'example.com/v1', kind: 'bucket', metadata: { name: 'one', namespace: 'default', creationTimestamp: '2026-11-22T21:00:00Z', labels: { 'kratix.io/promise-name': 'bucket', ...overrides.labels } } },
  status: { message: '1Gi bucket', conditions: completed, kratix: { workflows: { pipelines: [{ name: 'make', phase: 'Succeeded' }] } } },
  promise: promise(),
  findPromise: () => undefined,
  job: undefined,
  pod: undefined,
  works: [work()],
  placements: [placement()],
  destinations: [destination('worker', { environment: 'dev' }, report())],
  findStore: () => store(),
  silentSince: () => undefined,
  ...overrides,
});

const app = (state: string): PlatformPromise =>
  promise({ requiredPromises: [{ name: 'postgresql', version: 'v2' }] }, { status: 'Unavailable', requiredPromises: [{ name: 'postgresql', version: 'v2', state }], conditions: [condition('Available', 'False', 'PromiseUnavailable'), condition('RequirementsFulfilled', 'False', 'RequirementsNotInstalled')] }, { name: 'app' });
const notWritten = placement([condition('WriteSucceeded', 'False', 'WorkloadsFailedWrite', 'failed to push')]);
const unavailableStore = (reason: string, message: string, cause?: StateStoreReason): Partial<Chain> => ({ placements: [notWritten], findStore: () => store(condition('Ready', 'False', reason, message, cause)) });
const refusedWrite = (message: string, cause: StateStoreReason): Partial<Chain> => ({ placements: [placement([condition('WriteSucceeded', 'False', 'WorkloadsFailedWrite', message, cause)])] });
const pending = { conditions: [...completed, condition('Applied', 'Unknown', 'ApplyPending')] };
const reporting = (extra: object): Partial<Chain> => ({ status: pending, destinations: [destination('worker', { environment: 'dev' }, report(extra))] });

const CASES: readonly (readonly [what: string, overrides: Parameters<typeof chain>[0], link: string, sentence: string])[] = [
  ['a required Promise that is missing', { promise: app('Requirement not installed') }, 'promise', 'Promise app requires Promise postgresql, which is not installed; install it'],
  ['a required version that is missing', { promise: app('Requirement not installed at the specified version') }, 'promise', 'Promise app requires version v2 of Promise postgresql, which was never installed; install that version, or change spec.requiredPromises'],
  [
    'a required Promise whose workflow failed',
    { promise: app('Requirement not available'), findPromise: () => promise({}, { conditions: [condition('ConfigureWorkflowCompleted', 'False', 'ConfigureWorkflowFailed', 'A Configure Pipeline has failed: crds: container apply: no such file (exit code 1)')] }, { name: 'postgresql' }) },
    'promise',
    'Promise app requires Promise postgresql, which is not available: its pipeline failed: crds: container apply: no such file (exit code 1); see plinth why promise/postgresql',
  ],
  [
    'a Promise whose own workflow failed',
    { promise: promise({}, { conditions: [condition('Available', 'False', 'PromiseUnavailable'), condition('ConfigureWorkflowCompleted', 'False', 'ConfigureWorkflowFailed', 'A Configure Pipeline has failed: crds: container apply: boom (exit code 2)')] }) },
    'promise',
    'Promise bucket is not available: its pipeline failed: crds: container apply: boom (exit code 2); see plinth why promise/bucket',
  ],
  ['a Promise that is gone', { promise: undefined }, 'promise', 'Promise bucket is not installed; install it'],
  ['a paused Promise', { promise: promise({}, {}, { labels: { 'kratix.io/paused': 'true' } }) }, 'promise', 'Promise bucket is paused by the label kratix.io/paused; remove the label'],
  [
    'a version that does not exist',
    { binding: { metadata: { name: 'one-bucket', namespace: 'default' } } as ResourceBinding, resolution: { type: 'unresolved', problem: 'ResourceBinding one-bucket asks for version v9 of Promise bucket, but there is v1, v2: set its spec.version to latest or to one that is there' } },
    'version',
    'ResourceBinding one-bucket asks for version v9 of Promise bucket, but there is v1, v2: set its spec.version to latest or to one that is there',
  ],
  ['a paused request', { labels: { 'kratix.io/paused': 'true' } }, 'pause', 'bucket default/one is paused by the label kratix.io/paused; remove the label'],
  [
    'a pipeline that suspended itself',
    { labels: { 'kratix.io/workflow-suspended': 'true' }, status: { kratix: { workflows: { pipelines: [{ name: 'make', phase: 'Suspended', message: 'waits for the finance team' }] } } } },
    'pause',
    'pipeline make suspended itself: waits for the finance team; remove the label kratix.io/workflow-suspended to go on',
  ],
  [
    'a pipeline that fails',
    { status: failed('container size: reading limits\nError: "2 gigs" is no size\nbye (exit code 3)') },
    'pipeline',
    'pipeline make failed: container size: Error: "2 gigs" is no size (exit code 3); correct it, or run it again with the label kratix.io/manual-reconciliation=true',
  ],
  [
    'an image that cannot be pulled',
    { status: failed('container size: ImagePullBackOff: Back-off pulling image "example.org/size:v1": node platform does not know image "example.org/size:v1"') },
    'pipeline',
    'pipeline make cannot start: the image example.org/size:v1 of container size cannot be pulled; correct the name, or provide the image (docs/reference/catalogue.md)',
  ],
  [
    'why an image cannot be pulled',
    { status: failed('container size: ImagePullBackOff: Back-off pulling image "example.org/size:v1": node platform cannot run image "example.org/size:v1": catalogue.json is not valid JSON: Unexpected end') },
    'pipeline',
    'pipeline make cannot start: the image example.org/size:v1 of container size cannot be pulled: catalogue.json is not valid JSON: Unexpected end; correct the name, or provide the image (docs/reference/catalogue.md)',
  ],
  [
    'what the registry says',
    { status: failed('container size: ErrImagePull: failed to pull image "example.org/size:v1": manifest unknown') },
    'pipeline',
    'pipeline make cannot start: the image example.org/size:v1 of container size cannot be pulled: manifest unknown; correct the name, or provide the image (docs/reference/catalogue.md)',
  ],
  ['a Secret that a container needs', { status: failed('container size: CreateContainerConfigError: secret "token" not found') }, 'pipeline', 'pipeline make cannot start: container size: secret "token" not found; create what is missing, or correct the pipeline'],
  [
    'a pipeline that hangs',
    { status: failed('container size: did not come to an end within 30 seconds') },
    'pipeline',
    'pipeline make hangs: container size did not come to an end within 30 seconds and was stopped; see what it waits for, or raise spec.jobOptions.activeDeadlineSeconds',
  ],
  [
    'a pod that fits on no node',
    { status: { kratix: { workflows: { pipelines: [{ name: 'make', phase: 'Running' }] } } }, pod: { status: { conditions: [condition('PodScheduled', 'False', 'Unschedulable', '0/1 nodes are available: insufficient memory.')] } } as unknown as Pod },
    'pipeline',
    'pipeline make cannot start, its pod fits on no node: 0/1 nodes are available: insufficient memory; make room, or correct what the pipeline asks for',
  ],
  [
    'labels that no Destination has',
    { works: [work({ conditions: [condition('ScheduleSucceeded', 'False', 'UnscheduledWorkloads')] }, { environment: 'prod', zone: 'a' })], placements: [], destinations: [destination(), destination('other', { zone: 'a' })] },
    'schedule',
    'no Destination has the labels environment=prod, zone=a: other lacks environment=prod and worker has environment=dev; label one of them so, or change the selectors',
  ],
  ['no Destination at all', { works: [work({ conditions: [condition('ScheduleSucceeded', 'False', 'UnscheduledWorkloads')] })], placements: [], destinations: [] }, 'schedule', 'there is no Destination (wanted: environment=dev); create one'],
  ['a Destination that is gone', { destinations: [] }, 'destination', 'Destination worker is gone, and bucket-one-make.worker-5058f stands there; create it again, or delete WorkPlacement bucket-one-make.worker-5058f to choose another'],
  [
    'a Destination that lost its label',
    { placements: [placement(undefined, { 'kratix.io/misplaced': 'true' })], destinations: [destination('worker', {})] },
    'destination',
    'Destination worker no longer has the labels environment=dev: the files are misplaced there; label it (kubectl label destination worker --overwrite environment=dev), or delete WorkPlacement bucket-one-make.worker-5058f to move them',
  ],
  [
    'a store that is away',
    unavailableStore('ErrorValidatingPermissions', 'Error validating state store permissions: failed to list refs of https://localhost:31443/gitea_admin/kratix: connect ECONNREFUSED 127.0.0.1:31443', 'unreachable'),
    'store',
    'GitStateStore default cannot be reached: failed to list refs of https://localhost:31443/gitea_admin/kratix: connect ECONNREFUSED 127.0.0.1:31443; see whether the server at https://localhost:31443/gitea_admin/kratix runs',
  ],
  ['a store without its Secret', unavailableStore('SecretNotFound', 'Secret git not found in namespace kratix-platform-system'), 'store', 'GitStateStore default has no credentials: Secret git not found in namespace kratix-platform-system; create that Secret'],
  ['credentials that are refused', unavailableStore('ErrorValidatingPermissions', 'the server answered 401', 'unauthorized'), 'store', 'GitStateStore default refuses the credentials: the server answered 401; correct Secret kratix-platform-system/git'],
  ['a Secret without the key that is needed', unavailableStore('ErrorInitialisingWriter', 'Secret git in namespace kratix-platform-system has no key password'), 'store', 'GitStateStore default cannot be used: Secret git in namespace kratix-platform-system has no key password; correct its spec, or Secret kratix-platform-system/git'],
  ['a host that is not known', unavailableStore('ErrorValidatingPermissions', 'ssh: Host key verification failed.', 'unauthorized'), 'store', 'GitStateStore default shows a host key that is not known: ssh: Host key verification failed; put it into the key knownHosts of Secret kratix-platform-system/git'],
  [
    'a bucket that is not there',
    { placements: [notWritten], findStore: () => ({ ...store(condition('Ready', 'False', 'ErrorValidatingPermissions', 'cannot list b at s3.test: 404 NoSuchBucket', 'not-found')), kind: 'BucketStateStore' }) as unknown as BucketStateStore },
    'store',
    'GitStateStore default cannot be written: cannot list b at s3.test: 404 NoSuchBucket; create the bucket, or correct spec.bucketName',
  ],
  ['a repository that is not there', unavailableStore('ErrorValidatingPermissions', 'cannot list https://git.test/o/r: 404', 'not-found'), 'store', 'GitStateStore default cannot be written: cannot list https://git.test/o/r: 404; create the repository, or correct spec.url'],
  ['a branch that is not there', unavailableStore('ErrorValidatingPermissions', 'https://git.test/o/r has no branch "dev", it has: main', 'not-found'), 'store', 'GitStateStore default cannot be written: https://git.test/o/r has no branch "dev", it has: main; create the branch, or correct spec.branch'],
  ['a certificate that is not trusted', unavailableStore('ErrorValidatingPermissions', 'cannot list https://git.test/o/r: self-signed certificate', 'unreachable'), 'store', 'GitStateStore default shows a certificate that is not trusted: cannot list https://git.test/o/r: self-signed certificate; put its authority into the key ca.crt of Secret kratix-platform-system/git'],
  ['a store whose address holds the words of other troubles', unavailableStore('ErrorValidatingPermissions', 'cannot list https://git.test/credentials/path: connection refused', 'unreachable'), 'store', 'GitStateStore default cannot be reached: cannot list https://git.test/credentials/path: connection refused; see whether the server at https://localhost:31443/gitea_admin/kratix runs'],
  [
    'a push that is refused',
    refusedWrite('the git server refused to move branch main: pre-receive hook declined', 'rejected'),
    'store',
    'GitStateStore default refuses the push: the git server refused to move branch main: pre-receive hook declined; see who else writes to the branch, and which rules it has',
  ],
  [
    'files that cannot be laid out',
    refusedWrite('path "../x" leaves its folder: ".." is not allowed', 'invalid'),
    'store',
    'GitStateStore default does not take the files of bucket-one-make.worker-5058f: path "../x" leaves its folder: ".." is not allowed; correct what the pipeline writes',
  ],
  [
    'a file and a folder of one name',
    refusedWrite('web cannot be a file and a folder (of web/app.yaml) at once', 'invalid'),
    'store',
    'GitStateStore default does not take the files of bucket-one-make.worker-5058f: web cannot be a file and a folder (of web/app.yaml) at once; correct what the pipeline writes',
  ],
  ['a Destination that is silent', { silentSince: () => AT }, 'agent', `no report from Destination worker since ${AT}; see whether its cluster and its agent run`],
  [
    'a commit that is not fetched',
    reporting({ sources: [{ kind: 'GitRepository', name: 'kratix', ready: 'False', message: 'failed to checkout: authentication required' }] }),
    'fetch',
    'the agent of Destination worker cannot fetch from the state store (GitRepository kratix): failed to checkout: authentication required; see whether the server runs and the address and credentials are right',
  ],
  [
    'a bucket that its agent does not find',
    reporting({ sources: [{ kind: 'Bucket', name: 'kratix', ready: 'False', message: "bucket 'store' not found" }] }),
    'fetch',
    "the agent of Destination worker cannot fetch from the state store (Bucket kratix): bucket 'store' not found; create the bucket, or correct spec.bucketName there",
  ],
  [
    'an object that is refused',
    reporting({ kustomizations: [{ name: 'resources', path: 'worker/resources', ready: 'False', reason: 'ReconciliationFailed', message: '1 failed', failures: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', message: 'spec.replicas: Invalid value: "many": must be an integer' }] }] }),
    'apply',
    'Destination worker refused Deployment default/web: spec.replicas: Invalid value: "many": must be an integer; correct what the pipeline writes',
  ],
  [
    'an object that an agent names without its group',
    reporting({ kustomizations: [{ name: 'resources', path: 'worker/resources', ready: 'False', reason: 'ReconciliationFailed', failures: [{ kind: 'Deployment', namespace: 'default', name: 'web', message: 'Deployment/default/web dry-run failed (Forbidden): no' }] }] }),
    'apply',
    'Destination worker refused Deployment default/web: no; let the agent do that there, or change what the pipeline writes',
  ],
  [
    'a namespace that is missing there',
    reporting({ kustomizations: [{ name: 'resources', path: 'worker/resources', ready: 'False', failures: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', message: 'Deployment/default/web not found: namespaces "nowhere" not found' }] }] }),
    'apply',
    'Destination worker refused Deployment default/web: namespaces "nowhere" not found; create the namespace nowhere there, or ask for another',
  ],
  [
    'a Kustomization that applies nothing',
    reporting({ kustomizations: [{ name: 'resources', path: 'worker/resources', ready: 'False', reason: 'DependencyNotReady', message: "dependency 'flux-system/dependencies' is not ready", failures: [] }] }),
    'apply',
    "Destination worker applies nothing (Kustomization resources): dependency 'flux-system/dependencies' is not ready; correct the file or the Kustomization that it names",
  ],
  [
    'a pod that does not start',
    reporting({ unhealthy: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', reason: 'ImagePullBackOff', message: 'pod web-1, container web: Back-off pulling image "nginx:0": it is not known', since: AT }] }),
    'pod',
    'Deployment default/web does not start: pod web-1, container web cannot pull the image nginx:0 (ImagePullBackOff); correct the name of the image, or provide it there',
  ],
  [
    'an object that somebody deleted',
    reporting({ unhealthy: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', reason: 'Missing', message: 'somebody deleted it', since: AT }] }),
    'pod',
    'Deployment default/web is gone from Destination worker: somebody deleted it; the agent there makes it again when it looks next',
  ],
  [
    'a container that crashes',
    reporting({ unhealthy: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', reason: 'CrashLoopBackOff', message: 'pod web-1, container web: exit code 1', since: AT }] }),
    'health',
    'Deployment default/web crashes: CrashLoopBackOff: pod web-1, container web: exit code 1; see the log of that container on the destination',
  ],
  ['a service that is unhealthy', { status: { conditions: completed, ...health('unhealthy', 'connect ECONNREFUSED 127.2.0.4:5432') } }, 'health', 'the service is unhealthy: connect ECONNREFUSED 127.2.0.4:5432 (HealthRecord default/bucket-one); see what runs on the destination'],
  [
    'a service for whose states the author has texts',
    { status: { conditions: completed, healthMessages: { unhealthy: '1Gi bucket does not answer' }, ...health('unhealthy', 'connect ECONNREFUSED 127.2.0.4:5432') } },
    'health',
    '1Gi bucket does not answer: connect ECONNREFUSED 127.2.0.4:5432',
  ],
];

describe('explain', () => {
  it.each(CASES)('names %s', (_what, overrides, link, sentence) => {
    const explanation = explain(chain(overrides));
    expect(explanation.sentence).toBe(sentence);
    expect(explanation.cause?.link).toBe(link);
    expect(explanation.isReady).toBe(false);
    expect(findCause(chain(overrides))).toEqual(explanation.cause);
  });

  it('says that all is well', () => {
    const explanation = explain(chain());
    expect(explanation).toMatchObject({ isReady: true, sentence: 'bucket default/one is ready: 1Gi bucket' });
    expect(explanation.links.map(({ link, state }) => `${link} ${state}`)).toEqual(['promise ok', 'pipeline ok', 'schedule ok', 'destination ok', 'store ok', 'agent ok', 'pod ok', 'health ok']);
  });

  it('names no cause while things take their course', () => {
    const running: RequestStatus = { conditions: [condition('ConfigureWorkflowCompleted', 'False', 'PipelinesInProgress')], kratix: { workflows: { pipelines: [{ name: 'make', phase: 'Running', lastTransitionTime: AT }] } } };
    const steps: readonly Partial<Chain>[] = [
      { status: {}, works: [], placements: [] },
      { status: running, works: [], placements: [] },
      { works: [work({})], placements: [] },
      { placements: [placement([])] },
      { placements: [placement([])], findStore: () => store({}) },
      { status: pending, destinations: [destination()] },
      reporting({ kustomizations: [{ name: 'resources', path: 'worker/resources', ready: 'Unknown', reason: 'Progressing', failures: [] }] }),
      reporting({ unhealthy: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', reason: 'InProgress', message: '0 of 1 replicas are ready' }] }),
      { status: { conditions: [...completed, condition('Ready', 'Unknown', 'HealthUnknown')], ...health('unknown', '') } },
    ];
    for (const step of steps) expect(findCause(chain(step))).toBeUndefined();
    expect(explain(chain({ status: running, works: [], placements: [] })).sentence).toBe(`bucket default/one is on its way: pipeline make is running, since ${AT}`);
  });

  it('names all Destinations that do not report', () => {
    const both = { placements: [placement(), { ...placement(), spec: { ...placement().spec, targetDestinationName: 'other' } }], destinations: [destination(), destination('other')], status: { conditions: [...completed, condition('Applied', 'Unknown', 'NotReported'), condition('Ready', 'Unknown', 'NotReported')] } };
    expect(explain(chain(both)).sentence).toBe('bucket default/one is in the state store, and nobody says whether it works: Destination worker and other have no agent that reports');
    expect(explain(chain(both)).links.find(({ link }) => link === 'agent')).toMatchObject({ state: 'unknown', object: 'Destination worker and other', message: 'have no agent that reports' });
  });

  it('does not ask who applied what is not written yet', () => {
    const states = explain(chain({ status: {}, works: [], placements: [] })).links.map(({ link, state }) => `${link} ${state}`);
    expect(states).toEqual(expect.arrayContaining(['fetch waiting', 'apply waiting', 'pod waiting']));
  });

  it('does not blame a request for the failures of others', () => {
    const others = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'other' };
    const links = findCause(chain(reporting({ kustomizations: [{ name: 'resources', path: 'worker/resources', ready: 'False', reason: 'ReconciliationFailed', partial: true, failures: [{ ...others, message: 'refused' }] }], unhealthy: [{ ...others, reason: 'CrashLoopBackOff' }] })));
    expect(links).toBeUndefined();
    const claimed = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', path: 'worker/resources/default/bucket/two/make/5058f/deployment.yaml', message: 'is defined in two files' };
    expect(findCause(chain(reporting({ kustomizations: [{ name: 'resources', path: 'worker/resources', ready: 'False', reason: 'ReconciliationFailed', partial: true, failures: [claimed] }] })))).toBeUndefined();
  });

  it('does not mind a store that is away once the files stand in it', () => {
    expect(findCause(chain({ findStore: () => store(condition('Ready', 'False', 'StateStoreError', 'connect ECONNREFUSED', 'unreachable')) }))).toBeUndefined();
  });

  it('keeps the words of others short, on one line, and free of credentials', () => {
    const { sentence } = explain(chain({ status: failed(`container size: ${'x'.repeat(2000)}\n (exit code 1)`) }));
    expect(sentence.length).toBeLessThan(300);
    expect(sentence).not.toContain('\n');
    const away = { ...store(condition('Ready', 'False', 'StateStoreError', 'connect ECONNREFUSED', 'unreachable')), spec: { url: 'https://ada:secret@git.test/x' } } as GitStateStore;
    expect(explain(chain({ placements: [notWritten], findStore: () => away })).sentence).toBe('GitStateStore default cannot be reached: connect ECONNREFUSED; see whether the server at https://git.test/x runs');
  });

  it('says what an object that is being deleted waits for', () => {
    const deleting = (extra: object = {}) => ({ ...chain().object, metadata: { ...chain().object.metadata, deletionTimestamp: AT, ...extra } });
    const said = (overrides: Partial<Chain>): string => explain(chain({ object: deleting(), ...overrides })).sentence;
    expect(said({ status: { conditions: [condition('DeleteWorkflowCompleted', 'False', 'DeleteWorkflowFailed')], kratix: { workflows: { pipelines: [{ name: 'unmake', phase: 'Failed', message: 'container rm: boom (exit code 2)' }] } } } })).toBe('pipeline unmake failed: container rm: boom (exit code 2); correct it, or run it again with the label kratix.io/manual-reconciliation=true');
    expect(said({})).toBe('bucket default/one is being deleted: the files are being removed');
    expect(said({ findStore: () => store(condition('Ready', 'False', 'StateStoreError', 'connect ECONNREFUSED', 'unreachable')) })).toContain('GitStateStore default cannot be reached: connect ECONNREFUSED');
    expect(said({ placements: [], object: deleting({ finalizers: ['example.com/hold'] }) })).toBe('bucket default/one is being deleted, it waits for the finalizers example.com/hold');
  });

  it('explains a Promise by its own chain', () => {
    const own = promise({}, { conditions: [condition('Available', 'False', 'PromiseUnavailable')] });
    expect(explain(chain({ type: 'promise', object: own, status: failed('container apply: boom (exit code 2)'), promise: own })).sentence).toBe('pipeline make failed: container apply: boom (exit code 2); correct it, or run it again with the label kratix.io/manual-reconciliation=true');
  });
});
