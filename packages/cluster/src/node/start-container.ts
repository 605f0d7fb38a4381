import type { Pod } from '@plinth/api';
import { parseQuantity, quantityValue } from '@plinth/apimachinery';
import { hostname } from 'node:os';
import type { CatalogueEntry, ProgramContext } from '../runtime/catalogue.ts';
import type { ContainerLaunch, RunningContainer } from '../runtime/container-runtime.ts';
import { runProgram } from '../runtime/run-program.ts';
import type { Container } from '../objects/types.ts';
import { containerEnv } from './env.ts';
import { ImageError } from './errors.ts';
import { expandVariables } from './expand-variables.ts';
import type { NodeContext } from './node-context.ts';
import { podDirectory } from './pod-directory.ts';
import { serviceEnv } from './service-env.ts';
import { serviceLookup } from './service-lookup.ts';
import { startEngineContainer } from './start-engine-container.ts';
import { startHost } from './start-host.ts';
import { containerMounts } from './volumes/mounts.ts';

export interface StartOptions {
  readonly pod: Pod;
  readonly container: Container;
  readonly podIP: string;
  readonly volumes: ReadonlyMap<string, string>;
  readonly log: (text: string) => void;
  readonly setReady: (ready: boolean) => void;
  readonly resumed: () => void;
  /** Nobody wants it any more: what takes long gives up. */
  readonly signal: AbortSignal;
}

/**
 * Starts a container on the runtime that the catalogue names for its image.
 *
 * Errors: `ImageError`, `ContainerConfigError`.
 */
export async function startContainer(options: StartOptions, context: NodeContext): Promise<RunningContainer> {
  const entry = resolveImage(options.container, context);
  const launch = await prepareLaunch(options, context);
  switch (entry.runtime) {
    case 'program':
      return runProgram(entry.run, programContext(options, launch, context), context.clock);
    case 'step':
      return context.steps!.run(entry.module, launch);
    case 'host': {
      const engine = entry.withoutEngineOnly ? await context.engine.find() : undefined;
      return engine ? startEngineContainer(engine, options, launch, context) : startHost(options, launch, entry.image, context);
    }
    case 'container': {
      const engine = await context.engine.find();
      if (!engine) throw new ImageError(entry.note ? cannotRun(context, launch.image, entry.note) : noEngine(context, launch.image));
      return startEngineContainer(engine, options, launch, context);
    }
    case 'unavailable':
      throw new ImageError(cannotRun(context, launch.image, entry.why));
    default:
      return entry satisfies never;
  }
}

function resolveImage(container: Container, { catalogue, steps, nodeName }: NodeContext): CatalogueEntry {
  const image = container.image ?? '';
  const entry = catalogue(image) ?? { runtime: 'container' };
  if (entry.runtime === 'step' && !steps) throw new ImageError(`image "${image}" is a step, and node ${nodeName} was started without a host for steps`);
  return entry;
}

const cannotRun = ({ nodeName }: NodeContext, image: string, why: string): string => `node ${nodeName} cannot run image "${image}": ${why}`;

const noEngine = ({ nodeName, engine }: NodeContext, image: string): string =>
  `node ${nodeName} does not know image "${image}": it runs Plinth's own images (programs, steps, commands of this machine) and has no container engine (${engine.why()}). ` +
  'Start Docker or Podman, add the image to the catalogue, write the step with the SDK, or install the Promise on a cluster that pulls images';

export function programContext(options: StartOptions, launch: ContainerLaunch, context: NodeContext): Omit<ProgramContext, 'signal'> {
  const { pod, container } = options;
  return {
    ...launch,
    client: context.clientForPod(pod),
    setReady: options.setReady,
    resumed: options.resumed,
    lookup: serviceLookup(pod.metadata.namespace!, context.servicesIn),
    // Made when it is asked for: most programs never do.
    get stateDir() {
      return podDirectory(context.directories, pod.metadata.uid!).state(container.name);
    },
  };
}

export async function prepareLaunch({ pod, container, podIP, volumes, log }: StartOptions, context: NodeContext): Promise<ContainerLaunch> {
  const { namespace } = pod.metadata;
  const links = pod.spec?.enableServiceLinks === false ? [] : context.servicesIn(namespace!);
  const env = await containerEnv(pod, container, {
    client: context.client,
    podIP,
    nodeIP: context.nodeIP,
    nodeName: context.nodeName,
    serviceEnv: serviceEnv(context.apiAddress, links),
  });
  const mounts = containerMounts(container, volumes, env);
  const memory = container.resources?.limits?.['memory'];
  return {
    pod,
    containerName: container.name,
    image: container.image ?? '',
    command: (container.command ?? []).map((word) => expandVariables(word, env)),
    args: (container.args ?? []).map((word) => expandVariables(word, env)),
    env: { HOSTNAME: hostnameOf(pod), ...env },
    podIP,
    mounts: mounts.paths,
    readOnlyMounts: mounts.readOnly,
    hostname: hostnameOf(pod),
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    ...(memory === undefined ? {} : { memoryLimitBytes: quantityValue(parseQuantity(memory)) }),
    log,
  };
}

const hostnameOf = (pod: Pod): string => (pod.spec?.hostNetwork ? hostname() : (pod.spec?.hostname ?? pod.metadata.name).slice(0, 63));
