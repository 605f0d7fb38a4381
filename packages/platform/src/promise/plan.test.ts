import type { PlatformPromise, PromiseRevision } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, type PlatformConfig } from '../config.ts';
import { DELETION_STAGES, type DeletionSnapshot, type DeletionStage } from './deletion.ts';
import { planPromise, type PromiseSnapshot, wantedFinalizers } from './plan.ts';
import { promiseWorkflow } from './workflow-of.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const pipeline = { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Pipeline', metadata: { name: 'own' }, spec: { containers: [{ name: 'make', image: 'test/make' }] } };

function snapshotOf(promise: Partial<PlatformPromise>, change: Partial<PromiseSnapshot> = {}): PromiseSnapshot {
  const whole = { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Promise', spec: { workflows: { promise: { configure: [pipeline] } } }, ...promise, metadata: { name: 'p', uid: 'u', generation: 1, ...promise.metadata } } as PlatformPromise;
  return {
    promise: whole,
    configure: promiseWorkflow(whole, 'configure'),
    delete: promiseWorkflow(whole, 'delete'),
    runs: { jobs: [], pod: undefined },
    works: [],
    requests: undefined,
    requirements: [],
    requiredBy: [],
    config: DEFAULT_CONFIG,
    now: NOW,
    ...change,
  } as unknown as PromiseSnapshot;
}

describe('when a Promise runs its workflow again', () => {
  const ended = (spec: object = {}, annotations: Readonly<Record<string, string>> = {}, config: Partial<PlatformConfig> = {}, revision?: string): number | undefined => {
    const workflows = { promise: { configure: [pipeline] }, config: spec };
    const condition = { type: 'ConfigureWorkflowCompleted', status: 'True', reason: 'PipelinesExecutedSuccessfully', message: '', lastTransitionTime: '2026-11-22T11:59:30Z' } as const;
    const before = snapshotOf({ metadata: { name: 'p', annotations }, spec: { workflows } });
    const run = { number: 1, action: 'configure', hash: before.configure.hash, pipeline: 'own' };
    const status = { conditions: [condition], workflows: 1, workflowsSucceeded: 1, workflowsFailed: 0, kratix: { workflows: { run, pipelines: [{ name: 'own', phase: 'Succeeded' }] } } };
    const plan = planPromise(snapshotOf({ metadata: { name: 'p', annotations }, spec: { workflows }, status } as Partial<PlatformPromise>, { config: { ...DEFAULT_CONFIG, ...config }, ...(revision ? { revision: { metadata: { name: 'p-1', annotations: { 'kratix.io/reconciliation-interval': revision } } } as unknown as PromiseRevision } : {}) }));
    return plan.type === 'active' && plan.wakeAt !== undefined ? (plan.wakeAt - Date.parse(condition.lastTransitionTime)) / 1000 : undefined;
  };

  it("is said by its revision's annotation, else by its own, by its spec, by the platform", () => {
    expect(ended({ reconciliationInterval: '2m' }, { 'kratix.io/reconciliation-interval': '3m' }, {}, '4m')).toBe(240);
    expect(ended({ reconciliationInterval: '2m' }, { 'kratix.io/reconciliation-interval': '3m' })).toBe(180);
    expect(ended({ reconciliationInterval: '2m' })).toBe(120);
    expect(ended({}, {}, { reconciliationIntervalMs: 60_000 })).toBe(60);
    expect(ended()).toBe(36_000);
    expect(ended({ reconciliationInterval: '2m' }, { 'kratix.io/reconciliation-interval': '5s' })).toBe(120);
    expect(ended({}, {}, { reconciliationIntervalMs: 0 })).toBeUndefined();
  });
});

describe('how a Promise goes', () => {
  const finalizers = wantedFinalizers({ metadata: { name: 'p' }, spec: { api: { kind: 'CustomResourceDefinition' } } } as PlatformPromise);
  const going = (left: Partial<Record<DeletionStage, number>>, more: Partial<DeletionSnapshot> = {}, held: readonly string[] = finalizers) => {
    const of = (count = 0) => Array.from({ length: count }, (_, index) => ({ resource: {}, object: { metadata: { name: String(index) } } }));
    const deletion = { left: Object.fromEntries(DELETION_STAGES.map((stage) => [stage, of(left[stage])])), areRequestsKnown: true, hasRunningRequests: false, ...more } as unknown as DeletionSnapshot;
    const plan = planPromise(snapshotOf({ metadata: { name: 'p', deletionTimestamp: '2026-11-22T12:00:00Z', finalizers: [...held] } }, { deletion }));
    return plan.type === 'cleanUp' ? { stage: plan.stage, release: plan.release } : plan.type;
  };

  it('is by the first stage of which something is left, and lets go of those before it', () => {
    expect(going({ workflows: 1, requests: 2, crd: 1 })).toEqual({ stage: 'workflows', release: [] });
    expect(going({ requests: 2, crd: 1 })).toEqual({ stage: 'requests', release: ['kratix.io/workflows-cleanup'] });
    expect(going({ crd: 1 })).toMatchObject({ stage: 'crd', release: expect.arrayContaining(['kratix.io/dependencies-cleanup', 'kratix.io/revision-cleanup']) });
    expect(going({})).toBe('letGo');
  });

  it('looks for requests before it goes past them, and not afterwards', () => {
    expect(going({ crd: 1 }, { areRequestsKnown: false })).toMatchObject({ stage: 'requests' });
    expect(going({ crd: 1 }, { areRequestsKnown: false }, ['kratix.io/api-crd-cleanup'])).toEqual({ stage: 'crd', release: [] });
  });

  it('goes back to what came late', () => {
    expect(going({ workflows: 1, crd: 1 }, {}, ['kratix.io/api-crd-cleanup'])).toEqual({ stage: 'workflows', release: [] });
  });

  it('does nothing while it is paused', () => {
    const plan = planPromise(snapshotOf({ metadata: { name: 'p', deletionTimestamp: '2026-11-22T12:00:00Z', finalizers: [...finalizers], labels: { 'kratix.io/paused': 'true' } } }));
    expect(plan.type).toBe('paused');
  });
});
