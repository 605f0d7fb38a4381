import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** The only place where the environment is read. */
export interface Environment {
  readonly plinthHome: string | undefined;
  readonly home: string;
  readonly path: string;
  /** Colours: only on a terminal, and not when NO_COLOR is set. */
  readonly colours: boolean;
}

export function readEnvironment(env: NodeJS.ProcessEnv = process.env, stream: { isTTY?: boolean } = process.stdout): Environment {
  return {
    plinthHome: env['PLINTH_HOME'] || undefined,
    home: env['HOME'] || homedir(),
    path: env['PATH'] ?? '',
    colours: Boolean(stream.isTTY) && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  };
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
