import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { checkPath } from '@plinth/state-store';
import { checkJson, checkYaml } from './check-yaml.ts';
import { PipelineOutputError } from './errors.ts';
import { OUTPUT_LIMITS } from './limits.ts';

/** A file that the pipeline wrote; `path` is relative to its output folder. */
export interface OutputFile {
  readonly path: string;
  readonly content: Buffer;
}

/**
 * Reads what the containers of a pipeline wrote, in order of names.
 *
 * Errors: `PipelineOutputError` for whatever could point out of the folder (links of both kinds), is no file (a socket, a
 * device), has a name that a repository cannot hold, is too large or too many, calls itself YAML and is none, or holds a Secret's values.
 */
export function readOutput(root: string): readonly OutputFile[] {
  const files: OutputFile[] = [];
  let totalBytes = 0;
  const walk = (directory: string, prefix: string, depth: number): void => {
    if (depth > OUTPUT_LIMITS.depth) throw new PipelineOutputError(`output folder ${prefix} is nested deeper than ${OUTPUT_LIMITS.depth} folders`);
    const entries = readdirSync(directory, { withFileTypes: true }).sort((left, right) => (left.name < right.name ? -1 : 1));
    for (const entry of entries) {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) {
        walk(join(directory, entry.name), path, depth + 1);
        continue;
      }
      if (entry.isSymbolicLink()) throw new PipelineOutputError(`output file ${path} is a symbolic link; only regular files are taken`);
      if (!entry.isFile()) throw new PipelineOutputError(`output file ${path} is neither a regular file nor a folder`);
      if (files.length >= OUTPUT_LIMITS.files) throw new PipelineOutputError(`the output holds more than ${OUTPUT_LIMITS.files} files`);
      const content = readRegularFile(join(directory, entry.name), path);
      totalBytes += content.length;
      if (totalBytes > OUTPUT_LIMITS.totalBytes) throw new PipelineOutputError(`the output is larger than ${OUTPUT_LIMITS.totalBytes} bytes`);
      checkName(path);
      if (/\.ya?ml$/i.test(path)) checkYaml(path, content.toString('utf8'));
      else if (/\.json$/i.test(path)) checkJson(path, content.toString('utf8'));
      files.push({ path, content });
    }
  };
  walk(root, '', 0);
  return files;
}

/**
 * Opened without following a link (but where `mayBeLink`) and checked through the open file, so that nothing can be swapped in
 * between.
 */
export function readRegularFile(file: string, path: string, { maxBytes = OUTPUT_LIMITS.fileBytes, mayBeLink = false }: { readonly maxBytes?: number; readonly mayBeLink?: boolean } = {}): Buffer {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | (mayBeLink ? 0 : constants.O_NOFOLLOW));
  try {
    const info = fstatSync(descriptor);
    if (!info.isFile()) throw new PipelineOutputError(`file ${path} is not a regular file`);
    if (info.nlink > 1) throw new PipelineOutputError(`file ${path} is a hard link to a file that stands elsewhere too`);
    if (info.size > maxBytes) throw new PipelineOutputError(`file ${path} has ${info.size} bytes; ${maxBytes} are allowed`);
    const content = Buffer.alloc(info.size);
    for (let offset = 0; offset < content.length; ) {
      const count = readSync(descriptor, content, offset, content.length - offset, offset);
      if (count === 0) return content.subarray(0, offset);
      offset += count;
    }
    return content;
  } finally {
    closeSync(descriptor);
  }
}

function checkName(path: string): void {
  try {
    checkPath(path);
  } catch (error) {
    throw new PipelineOutputError(`output file ${JSON.stringify(path)} cannot be stored: ${(error as Error).message}`, { cause: error });
  }
}
