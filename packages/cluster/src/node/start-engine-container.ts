import { secrets, type Secret } from '@plinth/api';
import { containerConfig } from '../runtime/container/container-config.ts';
import { EngineError, expectCall, type EngineApi } from '../runtime/container/engine-api.ts';
import { pullImage, pullPolicy, registryCredentials } from '../runtime/container/pull-image.ts';
import { runContainer } from '../runtime/container/run-container.ts';
import type { ContainerLaunch, RunningContainer } from '../runtime/container-runtime.ts';
import { ContainerConfigError, ImageError } from './errors.ts';
import type { NodeContext } from './node-context.ts';
import type { StartOptions } from './start-container.ts';

/**
 * Starts a container on the machine's container engine.
 *
 * Errors: `ImageError` when the image cannot be had, `ContainerConfigError` when the container asks for what containers
 * here do not get.
 */
export async function startEngineContainer(api: EngineApi, { pod, container, signal }: StartOptions, launch: ContainerLaunch, context: NodeContext): Promise<RunningContainer> {
  const { securityContext } = container;
  if (securityContext?.privileged) throw new ContainerConfigError(`container ${container.name} asks to be privileged, which would give it this machine; leave out securityContext.privileged`);
  const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []));
  const found = await Promise.all(names.map((name) => context.client.find<Secret>(secrets, { namespace: pod.metadata.namespace!, name })));
  try {
    await pullImage(api, launch.image, pullPolicy(launch.image, container.imagePullPolicy), registryCredentials(found.flatMap((secret) => (secret ? [secret] : []))), signal);
  } catch (error) {
    throw new ImageError((error as Error).message);
  }
  if ((securityContext?.runAsNonRoot ?? pod.spec?.securityContext?.runAsNonRoot) && (await runsAsRoot(api, launch.image, securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser))) {
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root (pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`);
  }
  try {
    return await runContainer({
      api,
      name: `plinth-${pod.metadata.uid}-${container.name}`,
      config: containerConfig(launch, container, pod.spec?.securityContext, context.nodeId),
      log: launch.log,
      clock: context.clock,
    });
  } catch (error) {
    // As when a program cannot be executed: the container ends at once, and says why.
    if (!(error instanceof EngineError) || error.status === 0 || error.status >= 500) {
      if (!isStartFailure(error)) throw error;
    }
    launch.log((error as Error).message);
    return { ended: Promise.resolve({ exitCode: 128, reason: 'StartError', message: (error as Error).message }), stop: () => {} };
  }
}

/** Engines answer 500 when the command is not in the image. */
const isStartFailure = (error: unknown): boolean => error instanceof EngineError && /executable file|no such file or directory|permission denied|exec format/i.test(error.message);

async function runsAsRoot(api: EngineApi, image: string, user: number | undefined): Promise<boolean> {
  if (user !== undefined) return user === 0;
  const { body } = await expectCall(api, { method: 'GET', path: `/images/${encodeURIComponent(image)}/json` });
  const own = (body as { readonly Config?: { readonly User?: string } }).Config?.User ?? '';
  return /^(|0|root)(:.*)?$/.test(own);
}
