import { existsSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DockerfileError, readDockerfile, type CatalogueEntry, type HostImage } from '@plinth/cluster';

export interface ParsedCatalogue {
  /** In the order of the file; the first that matches counts. */
  readonly entries: readonly (readonly [pattern: string, entry: CatalogueEntry])[];
  readonly problems: readonly string[];
  /** Nothing of the file can be understood. */
  readonly isBroken?: true;
}

/**
 * The content of `catalogue.json`. An entry that cannot be understood or carried out (its Dockerfile needs a build) is reported, and
 * says so to those who ask for the image.
 */
export function parseCatalogue(text: string): ParsedCatalogue {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { entries: [], problems: [`is not valid JSON: ${(error as Error).message}`], isBroken: true };
  }
  const images = isMapping(value) ? value['images'] : undefined;
  if (!isMapping(images)) return { entries: [], problems: ['has no object "images"'], isBroken: true };
  const entries: (readonly [string, CatalogueEntry])[] = [];
  const problems: string[] = [];
  for (const [pattern, entry] of Object.entries(images)) {
    try {
      entries.push([pattern, parseEntry(entry)]);
    } catch (error) {
      entries.push([pattern, { runtime: 'unavailable', why: error instanceof DockerfileError ? error.message : `catalogue.json: ${pattern}: ${(error as Error).message}` }]);
      problems.push(`${pattern}: ${(error as Error).message}`);
    }
  }
  return { entries, problems };
}

function parseEntry(entry: unknown): CatalogueEntry {
  if (!isMapping(entry)) throw new Error(EXPECTED);
  const { step, host, container, ...rest } = entry;
  if ([step, host, container].filter((each) => each !== undefined).length !== 1) throw new Error(EXPECTED);
  if (host === undefined && Object.keys(rest).length > 0) throw new Error(`${Object.keys(rest).join(', ')} is for entries with "host" only`);
  if (typeof step === 'string' && isAbsolute(step)) return { runtime: 'step', module: pathToFileURL(step) };
  if (container === true) return { runtime: 'container' };
  if (host === true) return { runtime: 'host', image: parseHostImage(rest) };
  throw new Error(EXPECTED);
}

const EXPECTED = 'must be {"step": "/absolute/path.ts"}, {"container": true} or {"host": true}, the last with "files", "dockerfile", "context", "command", "args", "env", "workingDir", "tools" as needed';

function parseHostImage(entry: Json): HostImage {
  const unknown = Object.keys(entry).filter((key) => !['files', 'dockerfile', 'context', 'command', 'args', 'env', 'workingDir', 'tools'].includes(key));
  if (unknown.length > 0) throw new Error(`unknown field ${unknown.join(', ')}; it ${EXPECTED}`);
  const { dockerfile, context, files, command, args, env, workingDir, tools } = entry;
  const base = dockerfile === undefined ? {} : readDockerfile(pathOf('dockerfile', dockerfile), context === undefined ? undefined : pathOf('context', context));
  const root = files === undefined ? undefined : pathOf('files', files);
  if (root !== undefined && (!existsSync(root) || !statSync(root).isDirectory())) throw new Error(`files: ${root} is not a folder`);
  return {
    ...base,
    ...(root === undefined ? {} : { files: [...(base.files ?? []), { source: root, target: '/' }] }),
    ...(command === undefined ? {} : { entrypoint: textsOf('command', command) }),
    ...(args === undefined ? {} : { cmd: textsOf('args', args) }),
    ...(env === undefined ? {} : { env: { ...base.env, ...textMapOf('env', env) } }),
    ...(workingDir === undefined ? {} : { workingDir: pathOf('workingDir', workingDir) }),
    ...(tools === undefined ? {} : { tools: textsOf('tools', tools) }),
  };
}

type Json = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

function pathOf(field: string, value: unknown): string {
  if (typeof value !== 'string' || !isAbsolute(value)) throw new Error(`${field} must be an absolute path`);
  return value;
}

function textsOf(field: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) throw new Error(`${field} must be a list of texts`);
  return value as string[];
}

function textMapOf(field: string, value: unknown): Readonly<Record<string, string>> {
  if (!isMapping(value) || !Object.values(value).every((each) => typeof each === 'string')) throw new Error(`${field} must be a mapping of texts`);
  return value as Readonly<Record<string, string>>;
}
