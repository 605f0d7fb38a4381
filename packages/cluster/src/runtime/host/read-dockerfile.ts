import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { parseDockerfile, type Instruction } from './parse-dockerfile.ts';
import type { HostImage, ImageFile } from './host-image.ts';
import { toolsIn } from './tools.ts';

/** A Dockerfile describes more than files, settings and tools of this machine; the message says which line and why. */
export class DockerfileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DockerfileError';
  }
}

/**
 * What a Dockerfile puts on top of its base image, for a machine without a container engine: the files that it copies,
 * environment, working directory, what it runs, and the tools that it installs.
 *
 * Caveats: the base image and the packages are this machine's. Of RUN, only the making of folders is done, and known tools
 * that it names count as needed; the rest is left out.
 *
 * Errors: `DockerfileError` when something is copied that a build would have to make first (from another stage, from the
 * network), or that is not there.
 */
export function readDockerfile(file: string, context: string = dirname(file)): HostImage {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new DockerfileError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
  const all = parseDockerfile(text);
  const from = all.findLastIndex(({ name }) => name === 'FROM');
  if (from < 0) throw new DockerfileError(`${file} has no FROM`);

  const variables: Record<string, string> = {};
  const env: Record<string, string> = {};
  const files: ImageFile[] = [];
  const directories: string[] = [];
  const tools = new Set<string>(toolsIn(all[from]!.words[0] ?? ''));
  let workingDir = '/';
  let entrypoint: readonly string[] | undefined;
  let cmd: readonly string[] | undefined;
  for (const instruction of all.slice(from + 1)) {
    const words = instruction.words.map((word) => substitute(word, { ...variables, ...env }));
    switch (instruction.name) {
      case 'ARG':
        for (const word of words) {
          const [key, value] = split(word);
          variables[key] ??= value ?? '';
        }
        break;
      case 'ENV':
        Object.assign(env, environment(words));
        break;
      case 'WORKDIR':
        workingDir = posix.resolve(workingDir, words[0] ?? '/');
        directories.push(workingDir);
        break;
      case 'COPY':
      case 'ADD':
        if (instruction.options['from'] !== undefined) tools.add(programFrom(instruction, words, file));
        else files.push(...copied(instruction, words, { file, context, workingDir }));
        break;
      case 'RUN':
        for (const tool of toolsIn(instruction.text)) tools.add(tool);
        directories.push(...madeDirectories(instruction, workingDir));
        break;
      case 'ENTRYPOINT':
        entrypoint = instruction.isList ? words : ['/bin/sh', '-c', instruction.text];
        break;
      case 'CMD':
        cmd = instruction.isList ? words : ['/bin/sh', '-c', instruction.text];
        break;
      default:
        break; // LABEL, EXPOSE, USER, VOLUME ...: nothing that a step sees.
    }
  }
  return {
    files,
    directories: [...new Set(directories)].filter((path) => path !== '/'),
    env,
    workingDir,
    ...(entrypoint && entrypoint.length > 0 ? { entrypoint } : {}),
    ...(cmd && cmd.length > 0 ? { cmd } : {}),
    tools: [...tools],
  };
}

function copied({ name, line }: Instruction, words: readonly string[], { file, context, workingDir }: { readonly file: string; readonly context: string; readonly workingDir: string }): readonly ImageFile[] {
  const sources = words.slice(0, -1);
  const last = words.at(-1);
  const where = `${file}, line ${line}: ${name}`;
  if (sources.length === 0 || last === undefined) throw new DockerfileError(`${where} names no source or no target`);
  const target = posix.resolve(workingDir, last);
  const intoFolder = last.endsWith('/') || last === '.' || sources.length > 1;
  return sources.flatMap((source): readonly ImageFile[] => {
    if (/^(https?|git):\/\//.test(source)) throw new DockerfileError(`${where} fetches ${source}, which is done by a container engine only`);
    const isPattern = /[*?[]/.test(source);
    const paths = isPattern ? globSync(source.replace(/^\/+/, ''), { cwd: context }).map((path) => resolve(context, path)) : [resolve(context, `./${source}`)];
    // Before anything is looked for: what lies outside is nobody's business here, whether it exists or not.
    if (paths.some((path) => path !== context && !path.startsWith(`${context.replace(/\/$/, '')}/`))) throw new DockerfileError(`${where} copies ${source}, which lies outside of ${context}`);
    const found = paths.filter((path) => existsSync(path));
    if (found.length === 0) throw new DockerfileError(`${where} copies ${source}, and there is no ${join(context, source)}`);
    return found.map((path) => {
      // The content of a folder is copied, not the folder; a file goes into a folder or becomes the target.
      const isFolder = statSync(path).isDirectory();
      return { source: path, target: !isFolder && (intoFolder || found.length > 1) ? posix.join(target, basename(path)) : target };
    });
  });
}

/** `COPY --from=mikefarah/yq /usr/bin/yq /usr/bin/yq` brings a tool; anything else from another stage was built there. */
function programFrom({ line, options }: Instruction, words: readonly string[], file: string): string {
  const program = basename(words[0] ?? '');
  if (words.length === 2 && toolsIn(program).includes(program)) return program;
  throw new DockerfileError(`${file}, line ${line}: COPY --from=${options['from']} brings ${words[0] ?? 'nothing'}, which is built by a container engine only`);
}

/** `mkdir` is what shell steps rely on; a command that does more is not carried out. */
function madeDirectories({ text, words, isList }: Instruction, workingDir: string): readonly string[] {
  const commands = isList ? [words] : text.split(/&&|;/).map((command) => command.trim().split(/\s+/));
  return commands.filter(([command]) => command === 'mkdir').flatMap(([, ...rest]) => rest.filter((word) => !word.startsWith('-')).map((path) => posix.resolve(workingDir, path)));
}

function environment(words: readonly string[]): Readonly<Record<string, string>> {
  if (!words[0]?.includes('=')) return { [words[0] ?? '']: words.slice(1).join(' ') };
  return Object.fromEntries(words.map((word) => [split(word)[0], split(word)[1] ?? '']));
}

const split = (word: string): readonly [string, string | undefined] => {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
};

const substitute = (word: string, values: Readonly<Record<string, string>>): string =>
  word.replace(/\\\$|\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)/g, (whole, braced?: string, fallback?: string, plain?: string) => (whole === '\\$' ? '$' : (values[(braced ?? plain)!] ?? fallback ?? '')));
