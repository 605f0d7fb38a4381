import type { Container } from '../../objects/types.ts';
import type { ContainerLaunch } from '../container-runtime.ts';
import { parseQuantity, quantityMilliValue } from '@plinth/apimachinery';

/** What an engine is asked to make of a container. */
export interface EngineContainer {
  readonly Image: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
}

/** By this label a node knows its containers, also after a crash. */
export const NODE_LABEL = 'dev.plinth.node';
export const POD_LABEL = 'dev.plinth.pod-uid';

/**
 * The container as the engine's API says it (`POST /containers/create`). The network is the machine's: that is where the
 * API server, Services and other pods are. Volumes are folders of this machine.
 *
 * Caveats: a container that asks for more than others have (`privileged`, host namespaces) does not get it.
 */
export function containerConfig(launch: ContainerLaunch, container: Container, podSecurity: PodSecurity | undefined, nodeId: string): EngineContainer {
  const security = container.securityContext ?? {};
  const uid = security.runAsUser ?? podSecurity?.runAsUser;
  const gid = security.runAsGroup ?? podSecurity?.runAsGroup;
  const cpu = container.resources?.limits?.['cpu'];
  return {
    Image: launch.image,
    ...(launch.command.length > 0 ? { Entrypoint: launch.command } : {}),
    ...(launch.args.length > 0 || launch.command.length > 0 ? { Cmd: launch.args } : {}),
    Env: Object.entries(launch.env).map(([name, value]) => `${name}=${value}`),
    ...(launch.workingDir ? { WorkingDir: launch.workingDir } : {}),
    ...(uid === undefined ? {} : { User: gid === undefined ? String(uid) : `${uid}:${gid}` }),
    Labels: { [NODE_LABEL]: nodeId, [POD_LABEL]: launch.pod.metadata.uid ?? '', 'dev.plinth.container': container.name },
    HostConfig: {
      NetworkMode: 'host',
      Mounts: [...launch.mounts].map(([Target, Source]) => ({ Type: 'bind', Source, Target, ReadOnly: launch.readOnlyMounts.has(Target) })),
      ...(launch.memoryLimitBytes === undefined ? {} : { Memory: launch.memoryLimitBytes }),
      ...(cpu === undefined ? {} : { NanoCpus: quantityMilliValue(parseQuantity(cpu)) * 1_000_000 }),
      ReadonlyRootfs: security.readOnlyRootFilesystem ?? false,
      CapAdd: security.capabilities?.add ?? [],
      CapDrop: security.capabilities?.drop ?? [],
      SecurityOpt: security.allowPrivilegeEscalation === false ? ['no-new-privileges'] : [],
    },
  };
}

interface PodSecurity {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
}
