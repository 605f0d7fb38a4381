import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { shellQuote } from './shell-quote.ts';
import { hasOwnUser } from './step-user.ts';
import { PLINTH, type Layer } from './view.ts';

/** A program, written for Node.js, that takes the place of a tool which the machine lacks. */
export interface SpareTool {
  readonly name: string;
  /** Its module, below the folder in which `needs` are put together. */
  readonly main: string;
  /** Files and folders of this machine that it is made of, each with its place. */
  readonly needs: readonly { readonly source: string; readonly at: string }[];
}

const SPARE = `${PLINTH}/spare`;
const NODE = `${SPARE}/node`;
const CACHE = `${PLINTH}/cache`;

/** What a command sees of them: this process's Node.js, and what each is made of, read-only. */
export function spareLayers(tools: readonly SpareTool[]): readonly Layer[] {
  if (tools.length === 0) return [];
  const binds = [{ source: realpathSync(execPath), path: NODE }, ...tools.flatMap(({ name, needs }) => needs.map(({ source, at }) => ({ source, path: join(SPARE, name, at) })))];
  const folders = new Set(binds.flatMap(({ path }) => parentsIn(path)));
  return [...[...folders].toSorted().map((path) => ({ type: 'directory', path }) as const), ...binds.map((bind) => ({ type: 'bind', readOnly: true, ...bind }) as const)];
}

/** From the outermost on. */
function parentsIn(path: string): readonly string[] {
  const parents: string[] = [];
  for (let parent = dirname(path); parent.startsWith(SPARE); parent = dirname(parent)) parents.unshift(parent);
  return parents;
}

/** The file that is found on the path: what the container says of Node.js has no effect on it. */
export const spareLauncher = ({ name, main }: SpareTool): string =>
  `#!/bin/sh\nunset NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS\nNODE_COMPILE_CACHE=${CACHE} exec ${NODE} ${shellQuote(join(SPARE, name, main))} "$@"\n`;

/** Whether the user of commands can read it: an installation may be for root's eyes only. */
export function isForEverybody({ needs }: SpareTool): boolean {
  if (!hasOwnUser()) return true;
  return [realpathSync(execPath), ...needs.map(({ source }) => source)].every((path) => (statSync(path).mode & 0o004) !== 0);
}
