import { isAlreadyExists, isApiError, isConflict, isNotFound, keyOf, keyString, type KubeObject } from '@plinth/apimachinery';
import { isRetryable, type Client } from '@plinth/client';
import { sleep, systemClock } from '@plinth/controller-runtime';
import type { Plan, Step } from './plan.ts';

/** How something that had to be done went. */
export type Outcome =
  | { readonly type: 'done' }
  /** It is under way; a later look will find it done. */
  | { readonly type: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly type: 'failed'; readonly message: string };

export interface Applied {
  readonly step: Step;
  readonly outcome: Outcome;
}

/** How long a StatefulSet may take to go (its pods stay) before it is made again. */
const goneTimeoutMs = 10_000;

/**
 * Carries a plan out, stage by stage. Every step of a stage is tried even when another one failed; a stage with a failure is the
 * last.
 *
 * Errors: those that a repetition cures (no answer, conflict, server overloaded) are thrown; everything else is an outcome.
 */
export async function apply(client: Client, { stages }: Plan, signal: AbortSignal): Promise<readonly Applied[]> {
  const applied: Applied[] = [];
  for (const stage of stages) {
    const results = await Promise.all(stage.map(async (step) => ({ step, outcome: await carryOut(client, step, signal) })));
    applied.push(...results);
    if (results.some(({ outcome }) => outcome.type === 'failed')) break;
  }
  return applied;
}

async function carryOut(client: Client, step: Step, signal: AbortSignal): Promise<Outcome> {
  try {
    switch (step.type) {
      case 'create':
        await create(client, step);
        break;
      case 'patch':
        await client.patch(step.resource, step.key, 'merge', step.patch, { fieldManager });
        break;
      case 'replace':
        await replace(client, step, signal);
        break;
      case 'delete':
        await client.delete(step.resource, step.key, { propagationPolicy: 'Background' });
        break;
      default:
        step satisfies never;
    }
    return { type: 'done' };
  } catch (error) {
    if (step.type === 'delete' && isNotFound(error)) return { type: 'done' };
    if (!isApiError(error) || isRetryable(error) || isConflict(error)) throw error;
    if (step.type === 'patch' && step.tolerate) return { type: 'done' };
    return { type: 'failed', message: `could not ${step.type} ${describe(step)}: ${error.message}` };
  }
}

const fieldManager = 'postgres-operator';

async function create(client: Client, step: Extract<Step, { readonly type: 'create' }>): Promise<void> {
  try {
    await client.create(step.resource, step.object, { fieldManager });
  } catch (error) {
    // Made since we looked (another cluster of the namespace shares it, say). The next look compares it.
    if (!isAlreadyExists(error)) throw error;
  }
}

async function replace(client: Client, { resource, object }: Extract<Step, { readonly type: 'replace' }>, signal: AbortSignal): Promise<void> {
  const key = keyOf(object);
  await client.delete(resource, key, { propagationPolicy: 'Orphan' }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
  const deadline = Date.now() + goneTimeoutMs;
  for (let pauseMs = 5; await client.find<KubeObject>(resource, key); pauseMs = Math.min(pauseMs * 2, 200)) {
    if (Date.now() > deadline) throw new Error(`deleting ${resource.plural} ${keyString(key)}, to make it again, has not finished within ${goneTimeoutMs / 1000} s`);
    await sleep(systemClock, pauseMs, signal);
  }
  await client.create(resource, object, { fieldManager });
}

const describe = (step: Step): string => `${step.resource.plural} ${keyString('key' in step ? step.key : keyOf(step.object))}`;
