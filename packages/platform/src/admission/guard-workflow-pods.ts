import { jobs, pods, promises, type Job, type Pod, type PlatformPromise } from '@plinth/api';
import { type ApiResource, apiVersionOf, deepEqual, forbidden, type UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { PLATFORM_GROUP } from '../naming/constants.ts';
import { ANNOTATIONS, isMarked, LABELS, MANAGED_BY } from '../naming/labels.ts';
import { workflowsOf } from '../promise/workflows.ts';
import type { PipelinePermission, WorkflowAction, WorkflowType } from '../workflow/pipeline.ts';
import type { Checking, PlatformAdmissionRequest } from './platform-admission.ts';

/**
 * A pipeline's roles are shared by all requests of a namespace, so RBAC cannot keep the pod of one request from writing
 * another one's status. This does: of Promises, Works and the requests of its Promise, a pod whose token is bound to it
 * writes only the object that its Job runs for (status, labels and annotations) and the Works of that object, and beyond
 * that what its pipeline declares in `rbac.permissions`. Everything else is RBAC's to decide.
 *
 * Errors: Forbidden.
 */
export async function guardWorkflowPods(request: PlatformAdmissionRequest, checking: Checking): Promise<void> {
  const { resource, user } = request;
  const podName = user?.extra?.['authentication.kubernetes.io/pod-name']?.[0];
  const podUid = user?.extra?.['authentication.kubernetes.io/pod-uid']?.[0];
  const account = /^system:serviceaccount:([^:]+):/.exec(user?.name ?? '');
  if (!podName || !account || !mayBeGuarded(resource)) return;
  const { client } = checking;
  if (!client) return;
  const namespace = account[1]!;
  const run = await runOf(client, namespace, podName, podUid);
  const name = (request.object ?? request.oldObject)?.metadata.name ?? '';
  if (run === 'gone') throw forbidden(resource, name, `the pod ${namespace}/${podName}, or the Job that it ran for, is gone: what it may write is not known any more`);
  if (!run || !isGuarded(resource, run)) return;
  const why = refusal(request, run);
  if (why === undefined || (await isDeclared(request, run, namespace, client))) return;
  throw forbidden(resource, name, `the pod ${namespace}/${podName} runs the pipeline ${JSON.stringify(run.pipelineName)} of ${run.subject}: ${why}`);
}

/** What a workflow's pod runs for, as its Job says. */
interface Run {
  readonly type: WorkflowType;
  readonly action: WorkflowAction;
  readonly promiseName: string;
  readonly pipelineName: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Empty for a Promise. */
  readonly namespace: string;
  /** `Promise "redis"`, `redis "default/one"` */
  readonly subject: string;
}

/** Undefined: the pod runs no workflow. `gone`: nobody can say; a step that outlives its pod gets no rights by that. */
async function runOf(client: Client, namespace: string, podName: string, podUid: string | undefined): Promise<Run | 'gone' | undefined> {
  const pod = await client.find<Pod>(pods, { namespace, name: podName });
  if (!pod || (podUid && pod.metadata.uid !== podUid)) return 'gone';
  const owner = pod.metadata.ownerReferences?.find(({ kind, controller }) => kind === 'Job' && controller);
  if (!owner) return undefined;
  const job = await client.find<Job>(jobs, { namespace, name: owner.name });
  if (!job || job.metadata.uid !== owner.uid) return 'gone';
  if (job.metadata.labels?.[LABELS.managedBy] !== MANAGED_BY) return undefined;
  const { labels = {}, annotations = {} } = job.metadata;
  const kind = annotations[ANNOTATIONS.jobResourceKind];
  const name = annotations[ANNOTATIONS.jobResourceName];
  if (!kind || !name) return undefined;
  const apiVersion = annotations[ANNOTATIONS.jobResourceApiVersion] ?? '';
  const of = annotations[ANNOTATIONS.jobResourceNamespace] ?? '';
  return {
    type: apiVersion.startsWith(`${PLATFORM_GROUP}/`) && kind === 'Promise' ? 'promise' : 'resource',
    action: labels[LABELS.workflowAction] === 'delete' ? 'delete' : 'configure',
    promiseName: labels[LABELS.promiseName] ?? '',
    pipelineName: labels[LABELS.pipelineName] ?? '',
    apiVersion,
    kind,
    name,
    namespace: of,
    subject: `${kind} ${JSON.stringify(of ? `${of}/${name}` : name)}`,
  };
}

/** Requests are of groups that Promises made up. */
const mayBeGuarded = (resource: ApiResource): boolean => resource.group === PLATFORM_GROUP || (resource.group.includes('.') && !resource.group.endsWith('.k8s.io'));

function isGuarded(resource: ApiResource, run: Run): boolean {
  if (resource.group === PLATFORM_GROUP) return resource.kind === 'Promise' || resource.kind === 'Work';
  return run.type === 'resource' && resource.kind === run.kind && resource.group === run.apiVersion.split('/')[0];
}

/** Why a write is not this run's to make; undefined when it is. */
function refusal({ operation, resource, subresource, object, oldObject }: PlatformAdmissionRequest, run: Run): string | undefined {
  if (resource.group === PLATFORM_GROUP && resource.kind === 'Work') {
    return [oldObject, object].every((work) => !work || isOwnWork(work, run)) ? undefined : 'it writes the Works of that object only';
  }
  const target = object ?? oldObject;
  const isOwn = target?.metadata.name === run.name && (target.metadata.namespace ?? '') === run.namespace && resource.kind === run.kind && (run.type === 'resource' || apiVersionOf(resource) === run.apiVersion);
  if (!isOwn) return 'it writes that object only';
  if (operation !== 'UPDATE') return 'it may neither create nor delete it';
  if (subresource) return undefined;
  const again = RUN_AGAIN.find((label) => isMarked(object!, label) && !isMarked(oldObject!, label));
  if (again) return `with the label ${again} its own workflow would begin again and again; to be run once more, it writes retryAfter into /kratix/metadata/workflow-control.yaml`;
  return isSameBesideLabels(oldObject!, object!) ? undefined : 'of that object it writes the status, labels and annotations only';
}

const RUN_AGAIN = [LABELS.manualReconciliation, LABELS.runFromStart, LABELS.reconcileResources];

/** By its labels, by which the platform finds it, and by its spec, which decides where its files go in a store. */
function isOwnWork(work: UnstructuredObject, run: Run): boolean {
  const { labels = {}, namespace } = work.metadata;
  const { promiseName, resourceName = '' } = (work['spec'] ?? {}) as { readonly promiseName?: unknown; readonly resourceName?: unknown };
  if (promiseName !== run.promiseName || resourceName !== (run.type === 'resource' ? run.name : '')) return false;
  if (labels[LABELS.promiseName] !== run.promiseName || labels[LABELS.workType] !== run.type) return false;
  if (run.type === 'promise') return labels[LABELS.resourceName] === undefined;
  return labels[LABELS.resourceName] === run.name && (labels[LABELS.resourceNamespace] ?? namespace) === run.namespace;
}

function isSameBesideLabels(old: UnstructuredObject, object: UnstructuredObject): boolean {
  const content = ({ metadata, status: _status, ...rest }: UnstructuredObject): unknown => ({
    ...rest,
    apiVersion: undefined,
    finalizers: metadata.finalizers ?? [],
    ownerReferences: metadata.ownerReferences ?? [],
    promise: metadata.labels?.[LABELS.promiseName],
  });
  return deepEqual(content(old), content(object));
}

/** Whether the pipeline asks for this right in words. RBAC has granted it by then; this is about who may use it. */
async function isDeclared({ operation, resource, subresource, object, oldObject }: PlatformAdmissionRequest, run: Run, podNamespace: string, client: Client): Promise<boolean> {
  const promise = await client.find<PlatformPromise>(promises, { name: run.promiseName });
  const pipeline = promise && workflowsOf(promise)[run.type][run.action].find(({ metadata }) => metadata.name === run.pipelineName);
  const { namespace = '', name = '' } = (object ?? oldObject)?.metadata ?? {};
  const plural = subresource ? `${resource.plural}/${subresource}` : resource.plural;
  const verbs = { CREATE: ['create', 'patch'], UPDATE: ['update', 'patch'], DELETE: ['delete', 'deletecollection'] }[operation];
  const holds = ({ resourceNamespace = '', apiGroups = [], resources = [], resourceNames = [], verbs: given }: PipelinePermission): boolean =>
    (resourceNamespace === '*' || namespace === (resourceNamespace || podNamespace)) &&
    apiGroups.some((group) => group === '*' || group === resource.group) &&
    resources.some((one) => one === '*' || one === plural) &&
    given.some((verb) => verb === '*' || verbs.includes(verb)) &&
    (resourceNames.length === 0 || resourceNames.includes(name));
  return pipeline?.spec.rbac?.permissions?.some(holds) ?? false;
}
