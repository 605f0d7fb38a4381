import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, type PlatformConfig } from '../config.ts';
import { buildJob } from './job.ts';
import type { Pipeline, Workflow } from './pipeline.ts';
import { buildPipelineObjects } from './pipeline-objects.ts';

const pipeline: Pipeline = {
  apiVersion: 'platform.kratix.io/v1alpha1',
  kind: 'Pipeline',
  metadata: { name: 'instance-configure', labels: { team: 'a', 'app.kubernetes.io/managed-by': 'Helm', 'kratix.io/promise-name': 'another' }, annotations: { note: 'x' } },
  spec: { containers: [{ name: 'make', image: 'test/make', env: [{ name: 'SIZE', value: '1Gi' }], volumeMounts: [{ name: 'extra', mountPath: '/extra' }] }], volumes: [{ name: 'extra', emptyDir: {} }] },
};
const workflow: Workflow = {
  subject: { type: 'resource', promiseName: 'bucket', apiVersion: 'example.com/v1', kind: 'bucket', plural: 'buckets', name: 'one', namespace: 'default', uid: 'u-1', generation: 3, specHash: 's', pipelineNamespace: 'default', hasPipelineNamespace: false },
  action: 'configure',
  pipelines: [pipeline],
  hash: 'h1',
};
const jobOf = (flow: Workflow, run = 1) => JSON.parse(JSON.stringify(buildJob(flow, { pipeline: flow.pipelines[0]!, isLast: true, run }, DEFAULT_CONFIG)));

describe(buildJob, () => {
  it('has the labels, containers, mounts and environment of the contract', () => {
    const job = jobOf(workflow);
    const labels = {
      'kratix.io/promise-name': 'bucket',
      'kratix.io/workflow-type': 'resource',
      'kratix.io/workflow-action': 'configure',
      'kratix.io/pipeline-name': 'instance-configure',
      'app.kubernetes.io/managed-by': 'Kratix',
      'kratix.io/hash': 'h1',
      'kratix.io/resource-name': 'one',
      team: 'a',
    };
    expect(job.metadata.name).toMatch(/^kratix-bucket-one-instance-configure-[0-9a-f]{5}$/);
    expect(job.metadata.labels).toEqual(labels);
    expect(job.metadata.ownerReferences).toEqual([{ apiVersion: 'example.com/v1', kind: 'bucket', name: 'one', uid: 'u-1' }]);
    expect(job.spec).toMatchObject({ backoffLimit: 1, activeDeadlineSeconds: 600, template: { metadata: { labels, annotations: { note: 'x' } } } });
    const { initContainers, containers, volumes, serviceAccountName, restartPolicy } = job.spec.template.spec;
    expect([...initContainers, ...containers].map(({ name }) => name)).toEqual(['reader', 'make', 'work-writer', 'status-writer']);
    expect(serviceAccountName).toBe('bucket-resource-configure-instance-configure');
    expect(restartPolicy).toBe('OnFailure');
    expect(volumes.map(({ name }: { name: string }) => name)).toEqual(['shared-input', 'shared-output', 'shared-metadata', 'promise-scheduling', 'extra']);
    expect(initContainers[1].volumeMounts).toEqual([
      { name: 'shared-input', mountPath: '/kratix/input', readOnly: true },
      { name: 'shared-output', mountPath: '/kratix/output' },
      { name: 'shared-metadata', mountPath: '/kratix/metadata' },
      { name: 'extra', mountPath: '/extra' },
    ]);
    expect(Object.fromEntries(initContainers[1].env.map(({ name, value }: { name: string; value: string }) => [name, value]))).toEqual({
      KRATIX_WORKFLOW_ACTION: 'configure',
      KRATIX_WORKFLOW_TYPE: 'resource',
      KRATIX_PROMISE_NAME: 'bucket',
      KRATIX_PIPELINE_NAME: 'instance-configure',
      KRATIX_OBJECT_KIND: 'bucket',
      KRATIX_OBJECT_GROUP: 'example.com',
      KRATIX_OBJECT_VERSION: 'v1',
      KRATIX_OBJECT_NAME: 'one',
      KRATIX_OBJECT_NAMESPACE: 'default',
      KRATIX_CRD_PLURAL: 'buckets',
      KRATIX_CLUSTER_SCOPED: 'false',
      SIZE: '1Gi',
    });
    expect(containers[0].env[0]).toEqual({ name: 'IS_LAST_PIPELINE', value: 'true' });
    const ours = ({ env }: { env: { name: string }[] }): unknown => env.filter(({ name }) => name.startsWith('PLINTH_'));
    expect([initContainers[0], initContainers[1], containers[0]].map(ours)).toEqual([
      [{ name: 'PLINTH_OBJECT_GENERATION', value: '3' }, { name: 'PLINTH_OBJECT_HASH', value: 's' }],
      [],
      [{ name: 'PLINTH_OBJECT_GENERATION', value: '3' }],
    ]);
    expect(initContainers[2].args.slice(0, -1)).toEqual(['work-creator', '--input-directory', '/work-creator-files', '--promise-name', 'bucket', '--pipeline-name', 'instance-configure', '--namespace', 'default', '--workflow-type', 'resource', '--resource-name', 'one', '--job-name']);
  });

  it('has one name per run, and another one for another run, hash or object', () => {
    const name = (flow: Workflow, run?: number): string => jobOf(flow, run).metadata.name;
    expect(name(workflow)).toBe(name(workflow));
    const names = [name(workflow), name(workflow, 2), name({ ...workflow, hash: 'h2' }), name({ ...workflow, subject: { ...workflow.subject, uid: 'u-2' } })];
    expect(new Set(names).size).toBe(4);
  });

  it('writes no Work in a delete workflow, and takes limits from the pipeline', () => {
    const strict: Pipeline = { ...pipeline, spec: { ...pipeline.spec, jobOptions: { backoffLimit: 0, activeDeadlineSeconds: 5 } } };
    const job = jobOf({ ...workflow, action: 'delete', pipelines: [strict] });
    expect(job.spec.template.spec.initContainers.map(({ name }: { name: string }) => name)).toEqual(['reader', 'make']);
    expect(job.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 5 });
    expect(buildJob(workflow, { pipeline, isLast: true, run: 1 }, { ...DEFAULT_CONFIG, activeDeadlineSeconds: 0 }).spec).not.toHaveProperty('activeDeadlineSeconds');
  });

  it('is pulled with the Secret of the installation before those of the pipeline', () => {
    const asking: Pipeline = { ...pipeline, spec: { ...pipeline.spec, imagePullSecrets: [{ name: 'own' }] } };
    const secretsOf = (of: Pipeline, config: Partial<PlatformConfig>): unknown =>
      (buildJob({ ...workflow, pipelines: [of] }, { pipeline: of, isLast: true, run: 1 }, { ...DEFAULT_CONFIG, ...config }).spec as { template: { spec: { imagePullSecrets?: unknown } } }).template.spec.imagePullSecrets;
    expect(secretsOf(asking, { adapterPullSecret: 'registry' })).toEqual([{ name: 'registry' }, { name: 'own' }]);
    expect(secretsOf(pipeline, { adapterPullSecret: 'registry' })).toEqual([{ name: 'registry' }]);
    expect(secretsOf(pipeline, {})).toBeUndefined();
  });

  it('says the namespace of the request where the Promise fixes that of the pipelines', () => {
    const job = jobOf({ ...workflow, subject: { ...workflow.subject, pipelineNamespace: 'pipelines', hasPipelineNamespace: true } });
    expect(job.metadata).toMatchObject({ namespace: 'pipelines', labels: { 'kratix.io/resource-namespace': 'default' } });
    expect(job.metadata.ownerReferences).toBeUndefined();
    expect(job.spec.template.spec.initContainers[2].args).toContain('--resource-namespace');
  });
});

describe(buildPipelineObjects, () => {
  it('gives the pipeline its own object and Works, and what the author asked for', () => {
    const permissions = [{ verbs: ['get'], resources: ['secrets'], apiGroups: [''] }, { verbs: ['list'], resources: ['pods'], apiGroups: [''], resourceNamespace: '*' }, { verbs: ['get'], resources: ['pods'], apiGroups: [''], resourceNamespace: 'other' }];
    const asking: Pipeline = { ...pipeline, spec: { ...pipeline.spec, rbac: { permissions } } };
    const objects = buildPipelineObjects(workflow, asking, [{ matchLabels: { environment: 'dev' } }]);
    expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'ServiceAccount/bucket-resource-configure-instance-configure',
      'ConfigMap/destination-selectors-bucket',
      'Role/bucket-resource-configure-instance-configure',
      'RoleBinding/bucket-resource-configure-instance-configure',
      expect.stringMatching(/^Role\/bucket-resource-configure-instance-configure-[0-9a-f]{5}$/),
      expect.stringMatching(/^RoleBinding\/bucket-/),
      expect.stringMatching(/^ClusterRole\/bucket-/),
      expect.stringMatching(/^ClusterRoleBinding\/bucket-/),
      expect.stringMatching(/^ClusterRole\/bucket-/),
      expect.stringMatching(/^RoleBinding\/bucket-/),
    ]);
    expect(objects[1]?.['data']).toEqual({ destinationSelectors: '- matchlabels:\n    environment: dev\n  source: promise\n' });
    expect(objects.at(-1)?.metadata.namespace).toBe('other');
  });
});
