import type { PlatformPromise, PromiseStatus } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import type { WorkflowPlan } from '../workflow/plan.ts';
import type { PromiseSnapshot } from './plan.ts';
import { promiseStatus } from './status.ts';
import { promiseWorkflow } from './workflow-of.ts';

const pipeline = { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Pipeline', metadata: { name: 'last' }, spec: { containers: [{ name: 'step', image: 'test/last' }] } };
const suspended = { kratix: { workflows: { suspendedGeneration: 1, pipelines: [{ name: 'last', phase: 'Suspended', attempts: 2 }] } } } as unknown as PromiseStatus;

function goingOn(workflow: WorkflowPlan): PromiseStatus {
  const promise = { metadata: { name: 'p', generation: 1, deletionTimestamp: '2026-11-22T12:00:00Z' }, spec: { workflows: { promise: { delete: [pipeline] } } }, status: suspended } as unknown as PlatformPromise;
  const snapshot = { promise, delete: promiseWorkflow(promise, 'delete'), runs: { jobs: [], pod: undefined }, works: [], now: 0 } as unknown as PromiseSnapshot;
  return promiseStatus(snapshot, { type: 'deleteWorkflow', workflow, wakeAt: undefined });
}

describe('the status of a Promise whose delete workflow waits', () => {
  it('says so as long as it waits, and counts on when it goes on', () => {
    expect(goingOn({ type: 'suspended', index: 0, retryAt: undefined }).kratix?.workflows).toMatchObject({ suspendedGeneration: 1, pipelines: [{ phase: 'Suspended' }] });
    const { workflows } = goingOn({ type: 'start', index: 0, run: 3, first: false }).kratix!;
    expect(workflows).toMatchObject({ pipelines: [{ name: 'last', phase: 'Running', attempts: 2 }], run: { number: 3, action: 'delete' } });
    expect(workflows).not.toHaveProperty('suspendedGeneration');
  });
});
