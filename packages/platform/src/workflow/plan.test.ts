import type { Job, PipelineStatus } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import type { Pipeline, Workflow } from './pipeline.ts';
import { jobsToPrune, planWorkflow, type WorkflowSnapshot } from './plan.ts';

const pipeline = (name: string): Pipeline => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Pipeline', metadata: { name }, spec: { containers: [] } });
const workflow: Workflow = {
  subject: { type: 'resource', promiseName: 'bucket', apiVersion: 'example.com/v1', kind: 'bucket', plural: 'buckets', name: 'one', namespace: 'default', uid: 'u', generation: 3, specHash: 's', pipelineNamespace: 'default', hasPipelineNamespace: false },
  action: 'configure',
  pipelines: [pipeline('first'), pipeline('second')],
  hash: 'new',
};
type State = 'running' | 'succeeded' | 'failed' | 'stopped';
const job = (run: number, name: string, state: State, hash = 'new', action = 'configure'): Job =>
  ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `job-${run}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { 'kratix.io/pipeline-name': name, 'kratix.io/hash': hash, 'kratix.io/workflow-action': action },
      annotations: { 'plinth.dev/run': String(run) },
    },
    spec: { suspend: state === 'stopped', template: { spec: { containers: [] } } },
    status: { conditions: state === 'succeeded' ? [{ type: 'Complete', status: 'True' }] : state === 'failed' ? [{ type: 'Failed', status: 'True' }] : [] },
  }) as unknown as Job;
const plan = (jobs: readonly Job[], change: Partial<WorkflowSnapshot> = {}) =>
  planWorkflow({ workflow, jobs, recorded: undefined, isCompleted: false, pipelines: [], generation: 1, suspendedGeneration: undefined, isSuspended: false, isManual: false, isFromStart: false, isStalled: false, now: 1_000, ...change });

describe(planWorkflow, () => {
  it('starts at the first pipeline when nothing ran, and goes from one to the next', () => {
    expect(plan([])).toEqual({ type: 'start', index: 0, run: 1, first: true });
    expect(plan([job(1, 'first', 'running')])).toMatchObject({ type: 'running', index: 0 });
    expect(plan([job(1, 'first', 'succeeded')])).toEqual({ type: 'start', index: 1, run: 2, first: false });
    expect(plan([job(1, 'first', 'succeeded'), job(2, 'second', 'succeeded')])).toMatchObject({ type: 'succeeded' });
    expect(plan([job(1, 'first', 'failed')])).toMatchObject({ type: 'failed', index: 0 });
  });

  it('tells the newest Job by its number although all were made in one second', () => {
    expect(plan([job(2, 'second', 'succeeded'), job(1, 'first', 'failed')])).toMatchObject({ type: 'succeeded' });
  });

  it('runs again for another hash, but lets a running Job come to its end', () => {
    expect(plan([job(1, 'first', 'succeeded', 'old'), job(2, 'second', 'succeeded', 'old')])).toEqual({ type: 'start', index: 0, run: 3, first: true });
    expect(plan([job(1, 'first', 'running', 'old')])).toMatchObject({ type: 'running', index: -1 });
    expect(plan([job(1, 'first', 'running', 'old')], { isStalled: true })).toMatchObject({ type: 'stop' });
    expect(plan([job(1, 'gone', 'succeeded')])).toMatchObject({ type: 'start', index: 0 });
  });

  it('runs a failed pipeline again when its object was changed and changed back', () => {
    const failed = job(1, 'second', 'failed');
    const made = { ...failed, metadata: { ...failed.metadata, annotations: { ...failed.metadata.annotations, 'plinth.dev/generation': '2' } } };
    expect(plan([made], { generation: 2 })).toMatchObject({ type: 'failed', index: 1 });
    expect(plan([made], { generation: 4 })).toEqual({ type: 'start', index: 0, run: 2, first: true });
    expect(plan([failed], { generation: 4 })).toMatchObject({ type: 'failed' });
  });

  it('runs a pipeline again whose definition has another hash by its own label', () => {
    const ended = job(2, 'second', 'succeeded');
    const made = { ...ended, metadata: { ...ended.metadata, labels: { ...ended.metadata.labels, 'kratix.io/pipeline-hash': 'v1' } } };
    const at = (hash: string): Workflow => ({ ...workflow, pipelines: [pipeline('first'), { ...pipeline('second'), metadata: { name: 'second', labels: { 'kratix.io/pipeline-hash': hash } } }] });
    expect(plan([made], { workflow: at('v1') })).toMatchObject({ type: 'succeeded' });
    expect(plan([made], { workflow: at('v2') })).toEqual({ type: 'start', index: 0, run: 3, first: true });
    expect(plan([made])).toMatchObject({ type: 'start', index: 0 });
  });

  it('stops a running Job for a manual reconciliation alone', () => {
    expect(plan([job(1, 'first', 'running')], { isManual: true })).toMatchObject({ type: 'stop' });
    expect(plan([job(1, 'first', 'running')], { isFromStart: true })).toMatchObject({ type: 'running', index: 0 });
    expect(plan([job(1, 'first', 'stopped')], { isManual: true })).toEqual({ type: 'start', index: 0, run: 2, first: true });
    expect(plan([job(1, 'first', 'failed')], { isFromStart: true })).toEqual({ type: 'start', index: 0, run: 2, first: true });
  });

  it('waits while suspended, goes on at the suspended pipeline, and begins anew when the spec changed', () => {
    const pipelines = [{ name: 'first', phase: 'Succeeded' as const }, { name: 'second', phase: 'Suspended' as const, nextRetryAt: '1970-01-01T00:00:05Z' }];
    const jobs = [job(1, 'first', 'succeeded'), job(2, 'second', 'succeeded')];
    const suspended = { pipelines, isSuspended: true, suspendedGeneration: 1 };
    expect(plan(jobs, suspended)).toEqual({ type: 'suspended', index: 1, retryAt: 5_000 });
    expect(plan(jobs, { ...suspended, now: 5_000 })).toEqual({ type: 'start', index: 1, run: 3, first: false });
    expect(plan(jobs, { ...suspended, isSuspended: false })).toEqual({ type: 'start', index: 1, run: 3, first: false });
    expect(plan(jobs, { ...suspended, generation: 2 })).toEqual({ type: 'start', index: 0, run: 3, first: true });
  });

  it('runs the delete pipelines once, in order, after a configure Job that runs', () => {
    const remove: Workflow = { ...workflow, action: 'delete' };
    expect(plan([job(1, 'first', 'running')], { workflow: remove })).toMatchObject({ type: 'running', index: -1 });
    expect(plan([job(1, 'first', 'succeeded')], { workflow: remove })).toMatchObject({ type: 'start', index: 0, run: 2 });
    expect(plan([job(1, 'first', 'succeeded'), job(2, 'first', 'succeeded', 'new', 'delete')], { workflow: remove })).toMatchObject({ type: 'start', index: 1, run: 3 });
    expect(plan([job(3, 'second', 'succeeded', 'new', 'delete'), job(2, 'first', 'succeeded', 'new', 'delete')], { workflow: remove })).toMatchObject({ type: 'succeeded' });
    expect(plan([], { workflow: { ...remove, pipelines: [] } })).toEqual({ type: 'empty' });
    const waiting = { workflow: { ...remove, pipelines: [pipeline('undo')] }, pipelines: [{ name: 'first', phase: 'Suspended' as const }], isSuspended: true };
    expect(plan([job(1, 'first', 'succeeded')], { ...waiting, suspendedGeneration: 1 })).toMatchObject({ type: 'start', index: 0, run: 2 });
    expect(plan([job(1, 'first', 'succeeded')], { ...waiting, suspendedGeneration: undefined })).toMatchObject({ type: 'suspended' });
  });
});

describe('planWorkflow, of Jobs that are not there', () => {
  const recorded = (number: number, name: string, hash = 'new') => ({ number, action: 'configure' as const, hash, pipeline: name });
  const phases = (first: PipelineStatus['phase'], second: PipelineStatus['phase']) => [{ name: 'first', phase: first }, { name: 'second', phase: second }];

  it('starts the run that was written down, with its number', () => {
    expect(plan([], { recorded: recorded(1, 'first'), pipelines: phases('Running', 'Pending') })).toEqual({ type: 'start', index: 0, run: 1, first: true });
    expect(plan([job(1, 'first', 'succeeded')], { recorded: recorded(2, 'second'), pipelines: phases('Succeeded', 'Running') })).toEqual({ type: 'start', index: 1, run: 2, first: false });
  });

  it('loses nothing of what was reached', () => {
    expect(plan([], { recorded: recorded(2, 'second'), pipelines: phases('Succeeded', 'Succeeded') })).toEqual({ type: 'succeeded' });
    expect(plan([], { recorded: recorded(2, 'second'), pipelines: phases('Succeeded', 'Running'), isCompleted: true })).toEqual({ type: 'succeeded' });
    expect(plan([], { recorded: recorded(1, 'first'), pipelines: phases('Succeeded', 'Pending') })).toEqual({ type: 'start', index: 1, run: 2, first: false });
    expect(plan([], { recorded: recorded(2, 'second'), pipelines: phases('Succeeded', 'Failed') })).toEqual({ type: 'failed', index: 1, pipeline: 'second', job: undefined });
    expect(plan([], { recorded: recorded(2, 'second'), pipelines: phases('Succeeded', 'Suspended'), isSuspended: true })).toMatchObject({ type: 'suspended', index: 1 });
  });

  it('begins anew when the spec is another, and counts on', () => {
    expect(plan([], { recorded: recorded(2, 'second', 'old'), pipelines: phases('Succeeded', 'Succeeded'), isCompleted: true })).toEqual({ type: 'start', index: 0, run: 3, first: true });
  });
});

describe(jobsToPrune, () => {
  it('keeps the newest of each pipeline', () => {
    const jobs = [1, 2, 3, 4].map((run) => job(run, run % 2 ? 'first' : 'second', 'succeeded'));
    expect(jobsToPrune(jobs, 1).map(({ metadata }) => metadata.name).sort()).toEqual(['job-1', 'job-2']);
    expect(jobsToPrune(jobs, 5)).toEqual([]);
  });
});
