import type { Kustomization } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { isProgressAlone, kustomizationStatus, type RunOutcome } from './status.ts';

const context = { requestedAt: undefined, timeoutMs: 1000, now: new Date(0) };
const applied = (revision: string, count: number): RunOutcome => ({ type: 'applied', revision, inventory: Array.from({ length: count }, (_, index) => ({ id: `default_${index}__ConfigMap`, v: 'v1' })) });
const refused = (revision: string, message: string): RunOutcome => ({ type: 'failed', reason: 'ReconciliationFailed', stage: 'Detecting drift', revision, attempted: true, isPartial: true, message });
const unit = (generation: number, status?: Kustomization['status']): Kustomization => ({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: { name: 'apps', generation }, ...(status ? { status } : {}) }) as Kustomization;

describe(isProgressAlone, () => {
  const green = kustomizationStatus(unit(1), applied('main@sha1:1', 1), context);
  const red = kustomizationStatus(unit(1, green), refused('main@sha1:2', 'no'), context);

  it.each([
    ['another revision with more objects is', green, kustomizationStatus(unit(1, green), applied('main@sha1:2', 2), context), true],
    ['the same refusal of another revision is', red, kustomizationStatus(unit(1, red), refused('main@sha1:3', 'no'), context), true],
    ['the first status is not', undefined, green, false],
    ['what became worse is not', green, red, false],
    ['what became better is not', red, kustomizationStatus(unit(1, red), applied('main@sha1:3', 2), context), false],
    ['another refusal is not', red, kustomizationStatus(unit(1, red), refused('main@sha1:3', 'never'), context), false],
    ['another generation is not', green, kustomizationStatus(unit(2, green), applied('main@sha1:1', 1), context), false],
    ['an answer to who asked is not', green, kustomizationStatus(unit(1, green), applied('main@sha1:2', 1), { ...context, requestedAt: 'now' }), false],
  ])('%s', (_what, before, after, expected) => {
    expect(isProgressAlone(before, after)).toBe(expected);
  });
});
