import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYamlDocuments, type UnstructuredObject } from '@plinth/apimachinery';
import { StepOutputError } from './errors.ts';
import { STEP_LIMITS } from './limits.ts';
import { checkOutputPath } from './output-path.ts';

/**
 * The documents of a file that an earlier container of the pod left below its output folder; empty when there is none.
 * No link is followed.
 *
 * Errors: `StepOutputError` for a path that leaves the folder, for what is no regular file, too large, or no YAML.
 */
export function readOutputDocuments(outputDir: string | undefined, path: string): readonly UnstructuredObject[] {
  const parts = checkOutputPath(path).split('/');
  let file = outputDir;
  for (const [index, part] of parts.entries()) {
    file = file && join(file, part);
    const info = file ? lstatSync(file, { throwIfNoEntry: false }) : undefined;
    if (!info) return [];
    const isLast = index === parts.length - 1;
    if (isLast ? !info.isFile() : !info.isDirectory()) throw new StepOutputError(`cannot read output file ${JSON.stringify(path)}: ${part} is no regular ${isLast ? 'file' : 'folder'}`);
    if (isLast && info.size > STEP_LIMITS.fileBytes) throw new StepOutputError(`cannot read output file ${JSON.stringify(path)}: ${info.size} bytes are more than ${STEP_LIMITS.fileBytes}`);
  }
  return parseOutput(path, readFileSync(file!, 'utf8'));
}

export function parseOutput(path: string, text: string): readonly UnstructuredObject[] {
  try {
    return parseYamlDocuments(text) as UnstructuredObject[];
  } catch (error) {
    throw new StepOutputError(`cannot read output file ${JSON.stringify(path)}: ${(error as Error).message}`, { cause: error });
  }
}
