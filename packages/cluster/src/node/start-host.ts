import { commandLine, type HostImage } from '../runtime/host/host-image.ts';
import { runHost } from '../runtime/host/run-host.ts';
import { hidesSystem } from '../runtime/host/protected-paths.ts';
import { findSandbox } from '../runtime/host/sandbox.ts';
import { stepUser } from '../runtime/host/step-user.ts';
import type { ContainerLaunch, RunningContainer } from '../runtime/container-runtime.ts';
import { ContainerConfigError, ImageError } from './errors.ts';
import type { NodeContext } from './node-context.ts';
import type { StartOptions } from './start-container.ts';
import { giveEmptyDirectories } from './volumes/give-volumes.ts';

/**
 * Starts a container whose image stands for commands of this machine.
 *
 * Errors: `ImageError` where commands cannot be kept apart from the machine, `ContainerConfigError` without a command.
 */
export async function startHost({ pod, container, volumes }: StartOptions, launch: ContainerLaunch, image: HostImage | undefined, context: NodeContext): Promise<RunningContainer> {
  const sandbox = await findSandbox();
  if (sandbox.type === 'none') throw new ImageError(sandbox.why);
  if (commandLine(launch, image).length === 0) {
    throw new ContainerConfigError(`image "${launch.image}" stands for commands of this machine, so the container must name one in "command" or "args"`);
  }
  for (const path of launch.mounts.keys()) {
    if (hidesSystem(path)) throw new ContainerConfigError(`the volume at ${path} would hide programs of this machine, which is what image "${launch.image}" stands for; mount it elsewhere, or run the image on a container engine`);
  }
  const user = stepUser(container.securityContext, pod.spec?.securityContext);
  giveEmptyDirectories(pod, volumes, user);
  return runHost(launch, {
    sandbox,
    image,
    user,
    readOnlyRoot: container.securityContext?.readOnlyRootFilesystem ?? false,
    toolDirectories: context.toolDirectories,
    spareTools: context.spareTools,
    hidden: context.hiddenDirectories,
    clock: context.clock,
  });
}
