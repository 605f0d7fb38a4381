import type { HostImage } from './host-image.ts';
import { FILE_BLOCKS, PROCESSES } from './limits.ts';
import { shellQuote } from './shell-quote.ts';
import { spareLauncher, type SpareTool } from './spare-tools.ts';
import { dropPrivileges, hasOwnUser, type StepUser } from './step-user.ts';
import type { MissingTool } from './tools.ts';
import { imageSource, PLINTH } from './view.ts';

/** Stand in for tools that are missing, and start those in their place; in front of the path. */
export const STAND_INS = `${PLINTH}/missing`;
/** Where a stand-in says that it was called. */
export const MISSING_FD = 4;

/** Where the environment of the command comes in, and where it lies: not in arguments, which every user of the machine can read. */
export const ENV_FD = 5;
export const ENV_FILE = `${PLINTH}/env`;

/**
 * What runs inside of the sandbox before the command: brings in the image's files, puts up stand-ins for missing tools,
 * sets limits, then gives up its rights and becomes the command. Nothing that a container can say (its environment, its path)
 * has an effect before that.
 */
export function setupScript({ sandbox, image, missing, spares, workingDir, user, readOnlyRoot }: SetupOptions): string {
  const lines = ['umask 022', `ulimit -c 0 2>/dev/null; ulimit -f ${FILE_BLOCKS} 2>/dev/null`];
  if (hasOwnUser()) lines.push(`ulimit -u ${PROCESSES} 2>/dev/null`);
  for (const path of image?.directories ?? []) lines.push(`mkdir -p ${shellQuote(path)} && chmod 0777 ${shellQuote(path)} || exit 126`);
  for (const [index, { target }] of (image?.files ?? []).entries()) {
    const [from, to] = [shellQuote(imageSource(index)), shellQuote(target)];
    lines.push(
      `if [ -d ${from} ]; then mkdir -p ${to} && ${OPEN_UP(to)} && cp -R ${from}/. ${to} && (cd ${from} && find . ! -name . ! -type l) | (cd ${to} && while IFS= read -r F; do ${OPEN_UP('"$F"')}; done); else mkdir -p "$(dirname ${to})" && cp ${from} ${to} && ${OPEN_UP(to)}; fi || { echo ${shellQuote(`cannot bring the image's files to ${target}`)} >&2; exit 126; }`,
    );
  }
  if (missing.length + spares.length > 0) lines.push(`mkdir -p ${STAND_INS}`);
  for (const tool of spares) lines.push(...programNamed(tool.name, spareLauncher(tool)));
  for (const { name } of missing) {
    // What to do about it is said when the container ends, in its last words.
    const standIn = `#!/bin/sh\necho ${shellQuote(`${name}: not on this machine`)} >&2\n{ echo ${name} >&${MISSING_FD}; } 2>/dev/null\nexit 127\n`;
    lines.push(...programNamed(name, standIn));
  }
  const directory = shellQuote(workingDir ?? '/');
  lines.push(`[ -d ${directory} ] || { mkdir -p ${directory} && chmod 0777 ${directory}; } 2>/dev/null`, `cd ${directory} || exit 126`);
  if (readOnlyRoot) lines.push('chmod 0555 /');
  lines.push(`exec ${dropPrivileges(sandbox, user).join(' ')} /bin/sh -c '. ${ENV_FILE}; exec /usr/bin/env "$@"' sh "$@"`);
  return lines.join('\n');
}

const programNamed = (name: string, text: string): readonly string[] => [`printf %s ${shellQuote(text)} > ${STAND_INS}/${name}; chmod 755 ${STAND_INS}/${name}`];

export interface SetupOptions {
  readonly sandbox: 'bwrap' | 'unshare';
  readonly image: HostImage | undefined;
  readonly missing: readonly MissingTool[];
  /** Programs in the place of missing tools. */
  readonly spares: readonly SpareTool[];
  readonly workingDir: string | undefined;
  readonly user: StepUser | undefined;
  readonly readOnlyRoot: boolean;
}

/** The command's user did not copy it, and scripts are made executable by a RUN more often than in the repository. */
const OPEN_UP = (path: string): string => `{ chmod a+rwx ${path} 2>/dev/null || [ -d ${path} ]; }`;

/** A shell's lines that set the environment, and what no shell can set (`my.var`): arguments of `env`. */
export function environmentLines(env: Readonly<Record<string, string>>): { readonly lines: string; readonly others: readonly string[] } {
  const isPlain = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name);
  const names = Object.keys(env);
  return {
    // What the sandbox was built with is not the command's.
    lines: ['unset OLDPWD SHLVL _', ...names.filter(isPlain).map((name) => `export ${name}=${shellQuote(env[name]!)}`), ''].join('\n'),
    others: names.filter((name) => !isPlain(name)).map((name) => `${name}=${env[name]!}`),
  };
}
