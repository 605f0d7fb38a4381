import { type KubeObject, parseApiVersion, printYaml } from '@plinth/apimachinery';
import { PLATFORM_GROUP } from '../naming/constants.ts';
import { LABELS } from '../naming/labels.ts';
import { stableName } from '../naming/stable-name.ts';
import { pipelineKeyFrom } from '../naming/pipeline-key.ts';
import { idOf, schedulingConfigMapName, serviceAccountOf } from './job.ts';
import type { Pipeline, PipelinePermission, Workflow } from './pipeline.ts';

type Json = Readonly<Record<string, unknown>>;
/** An object whose content (all but metadata's server fields) is given. */
export type DesiredObject = KubeObject & Json;

/**
 * The objects that a pipeline's Job needs, in the order in which they are applied (contract, section 3.5). Tighter than
 * Kratix in one place: a pipeline that runs in another namespace than its request has rights on requests there, not
 * everywhere. Which of the requests and Works it may write is the business of admission.
 */
export function buildPipelineObjects(workflow: Workflow, pipeline: Pipeline, destinationSelectors: readonly DestinationSelector[]): readonly DesiredObject[] {
  const { subject, action } = workflow;
  const labels = { [LABELS.promiseName]: subject.promiseName, ...(workflow.version === undefined ? {} : { [LABELS.promiseVersion]: workflow.version }) };
  const id = idOf(workflow, pipeline);
  const namespace = subject.pipelineNamespace;
  const account = { kind: 'ServiceAccount', name: serviceAccountOf(workflow, pipeline), namespace };

  const objects: DesiredObject[] = [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account.name, namespace, labels } }];
  if (action === 'configure') {
    objects.push({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: schedulingConfigMapName(workflow), namespace, labels },
      data: { destinationSelectors: schedulingYaml(destinationSelectors) },
    });
  }
  const may = (apiGroup: string, resources: readonly string[], verbs = ['get', 'list', 'update', 'create', 'patch']): Json => ({ apiGroups: [apiGroup], resources, verbs });
  if (subject.type === 'promise') {
    objects.push(...clusterRole(id, labels, [may(PLATFORM_GROUP, ['promises', 'promises/status', 'works'])], account));
  } else {
    const { plural } = subject;
    const requests = may(parseApiVersion(subject.apiVersion).group, [plural, `${plural}/status`]);
    objects.push(...role(id, namespace, labels, [requests, may(PLATFORM_GROUP, ['works'], ['*'])], account));
    if (subject.namespace !== namespace) objects.push(...roleElsewhere(`${id}-${subject.namespace}`, subject.namespace!, labels, [requests], account));
  }
  return [...objects, ...permissionObjects(workflow, pipeline, id, account)];
}

interface Account {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** What the author asked for besides, one role per namespace that is named. */
function permissionObjects(workflow: Workflow, pipeline: Pipeline, id: string, account: Account): DesiredObject[] {
  const { subject, action } = workflow;
  const labels = {
    [LABELS.promiseName]: subject.promiseName,
    ...(workflow.version === undefined ? {} : { [LABELS.promiseVersion]: workflow.version }),
    [LABELS.workflowType]: subject.type,
    [LABELS.workflowAction]: action,
    [LABELS.pipelineName]: pipeline.metadata.name,
    [LABELS.pipelineNamespace]: account.namespace,
  };
  const byNamespace = Map.groupBy(pipeline.spec.rbac?.permissions ?? [], (permission) => permission.resourceNamespace ?? '');
  return [...byNamespace].flatMap(([target, permissions]): DesiredObject[] => {
    const rules = permissions.map(ruleOf);
    if (target === '') return role(stableName(id), account.namespace, labels, rules, account);
    const everywhere = target === '*';
    const located = { ...labels, [LABELS.resourceNamespace]: everywhere ? 'kratix_all_namespaces' : target };
    const roleName = stableName(`${id}-${everywhere ? 'kratix-all-namespaces' : target}`);
    const bindingName = stableName(`${id}-${account.namespace}`);
    const roleRef = { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: roleName };
    return [
      { apiVersion: RBAC, kind: 'ClusterRole', metadata: { name: roleName, labels: located }, rules },
      everywhere
        ? { apiVersion: RBAC, kind: 'ClusterRoleBinding', metadata: { name: bindingName, labels: located }, roleRef, subjects: [account] }
        : { apiVersion: RBAC, kind: 'RoleBinding', metadata: { name: bindingName, namespace: target, labels: located }, roleRef, subjects: [account] },
    ];
  });
}

function ruleOf({ resourceNamespace: _elsewhere, ...rule }: PipelinePermission): Json {
  return rule;
}

function role(name: string, namespace: string, labels: Readonly<Record<string, string>>, rules: readonly Json[], account: Account): DesiredObject[] {
  return [
    { apiVersion: RBAC, kind: 'Role', metadata: { name, namespace, labels }, rules },
    { apiVersion: RBAC, kind: 'RoleBinding', metadata: { name, namespace, labels }, roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name }, subjects: [account] },
  ];
}

function clusterRole(name: string, labels: Readonly<Record<string, string>>, rules: readonly Json[], account: Account): DesiredObject[] {
  return [
    { apiVersion: RBAC, kind: 'ClusterRole', metadata: { name, labels }, rules },
    { apiVersion: RBAC, kind: 'ClusterRoleBinding', metadata: { name, labels }, roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name }, subjects: [account] },
  ];
}

/** A role that holds in one namespace, for an account of another. */
function roleElsewhere(name: string, namespace: string, labels: Readonly<Record<string, string>>, rules: readonly Json[], account: Account): DesiredObject[] {
  return [
    { apiVersion: RBAC, kind: 'ClusterRole', metadata: { name, labels }, rules },
    { apiVersion: RBAC, kind: 'RoleBinding', metadata: { name, namespace, labels }, roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name }, subjects: [account] },
  ];
}

/** Which roles and bindings are those of this pipeline, by their labels. */
export const pipelineKey = ({ subject, action, version }: Workflow, pipeline: Pipeline): string =>
  pipelineKeyFrom({
    [LABELS.promiseName]: subject.promiseName,
    [LABELS.promiseVersion]: version ?? '',
    [LABELS.workflowType]: subject.type,
    [LABELS.workflowAction]: action,
    [LABELS.pipelineName]: pipeline.metadata.name,
    [LABELS.pipelineNamespace]: subject.pipelineNamespace,
  });

/** A Promise's selector as it is handed to the work-writer. */
export interface DestinationSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

/** The keys are in lower case on the wire, as Kratix writes them. */
const schedulingYaml = (selectors: readonly DestinationSelector[]): string =>
  printYaml(selectors.map((selector) => ({ matchlabels: selector.matchLabels ?? {}, source: 'promise' })));

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const RBAC = `${RBAC_GROUP}/v1`;
