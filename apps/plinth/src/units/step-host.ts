/** Loaded into the worker threads that run pipeline steps: ties the cluster's step pool to the SDK. */
import type { RunStepModule } from '@plinth/cluster';
import { readStepObject, runStep, type Step } from '@plinth/sdk';

export const runStepModule: RunStepModule = async ({ module, env, mounts, log, signal }) => {
  const { default: step } = (await import(module)) as { readonly default?: Step };
  if (typeof step !== 'function') throw new Error(`${module} has no default export that is a step: export default defineStep(...)`);
  const input = mounts['/kratix/input'];
  if (!input) throw new Error('a step needs the folder /kratix/input; it runs in pipelines only');
  await runStep(step, {
    object: readStepObject(input),
    env,
    ...(mounts['/kratix/output'] ? { outputDir: mounts['/kratix/output'] } : {}),
    ...(mounts['/kratix/metadata'] ? { metadataDir: mounts['/kratix/metadata'] } : {}),
    log,
    signal,
  });
};
