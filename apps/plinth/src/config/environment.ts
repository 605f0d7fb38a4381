import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** The only place where the environment is read. */
export interface Environment {
  readonly plinthHome: string | undefined;
  readonly home: string;
  readonly path: string;
  /** Unix sockets at which Docker or Podman may answer: what `DOCKER_HOST` says, and nothing else, or the usual places. */
  readonly engineSockets: readonly string[];
  /** Colours: only on a terminal, and not when NO_COLOR is set. */
  readonly colours: boolean;
  /** What the platform's controllers take from it, under the names that Kratix gave. */
  readonly kratix: Readonly<Record<string, string | undefined>>;
}

export function readEnvironment(env: NodeJS.ProcessEnv = process.env, stream: { isTTY?: boolean } = process.stdout): Environment {
  return {
    plinthHome: env['PLINTH_HOME'] || undefined,
    home: env['HOME'] || homedir(),
    path: env['PATH'] ?? '',
    engineSockets: engineSockets(env),
    kratix: Object.fromEntries(Object.entries(env).filter(([name]) => /^(?:KRATIX|PIPELINE_ADAPTER)_/.test(name))),
    colours: Boolean(stream.isTTY) && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  };
}

function engineSockets(env: NodeJS.ProcessEnv): readonly string[] {
  const host = env['DOCKER_HOST'];
  // Over the network a container would not find its volumes.
  if (host) return host.startsWith('unix://') ? [host.slice('unix://'.length)] : [];
  const runtime = env['XDG_RUNTIME_DIR'];
  const home = env['HOME'] || homedir();
  return ['/var/run/docker.sock', ...(runtime ? [`${runtime}/docker.sock`, `${runtime}/podman/podman.sock`] : []), '/run/podman/podman.sock', `${home}/.docker/run/docker.sock`];
}

/** `--data-dir`, else `$PLINTH_HOME`, else `~/.plinth`; the same path whichever links lead there. */
export function resolveDataDir(option: string | undefined, environment: Environment): string {
  return realPath(resolve(option ?? environment.plinthHome ?? join(environment.home, '.plinth')));
}

/** Of the part that exists, with the rest as it is. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === dirname(path) ? path : join(realPath(dirname(path)), basename(path));
  }
}
