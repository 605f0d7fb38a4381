import { closeSync, constants, existsSync, lstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseYaml, type UnstructuredObject } from '@plinth/apimachinery';
import { StepOutputError } from './errors.ts';
import { STEP_LIMITS } from './limits.ts';
import { readOutputDocuments } from './read-output.ts';
import { collectStepOutput, type StepOutput, toYaml } from './step-output.ts';
import type { Step } from './step.ts';

export interface RunStepOptions<R extends UnstructuredObject = UnstructuredObject> {
  readonly object: R;
  readonly env: Readonly<Record<string, string>>;
  /** The real folder that the container sees as `/kratix/output`. Absent: output is refused. */
  readonly outputDir?: string;
  /** The real folder that the container sees as `/kratix/metadata`. */
  readonly metadataDir?: string;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs a step and writes the files of Kratix's contract. All or nothing: files are written after the step has come to
 * its end without a throw.
 *
 * Errors: what the step threw; `StepOutputError` for output that cannot be taken; the signal's reason when it aborts
 * first (the step itself may go on until its thread is ended).
 */
export async function runStep<R extends UnstructuredObject>(step: Step<R>, options: RunStepOptions<R>): Promise<void> {
  const { object, env, log, signal } = options;
  signal.throwIfAborted();
  const { sink, collected } = collectStepOutput();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([step({ object, env, log, signal, documents: (path) => readOutputDocuments(options.outputDir, path), ...sink }), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
  writeStepOutput(collected, options);
}

/** Reads `object.yaml` from the folder that the container sees as `/kratix/input`. */
export function readStepObject<R extends UnstructuredObject = UnstructuredObject>(inputDir: string): R {
  return parseYaml(readFileSync(join(inputDir, 'object.yaml'), 'utf8')) as R;
}

function writeStepOutput(output: StepOutput, { outputDir, metadataDir }: Pick<RunStepOptions, 'outputDir' | 'metadataDir'>): void {
  for (const [path, text] of output.files) {
    writeBelow(folder(outputDir, '/kratix/output', path), path, text);
  }
  const metadata: [name: string, text: string][] = [];
  if (Object.keys(output.status).length > 0) {
    const before = readStatus(folder(metadataDir, '/kratix/metadata', 'status.yaml'));
    metadata.push(['status.yaml', toYaml({ ...before, ...output.status })]);
  }
  if (output.destinationSelectors) metadata.push(['destination-selectors.yaml', toYaml([output.destinationSelectors])]);
  if (output.workflowControl) metadata.push(['workflow-control.yaml', toYaml(output.workflowControl)]);
  for (const [name, text] of metadata) writeBelow(folder(metadataDir, '/kratix/metadata', name), name, text);
}

function folder(path: string | undefined, mount: string, file: string): string {
  if (!path) throw new StepOutputError(`cannot write ${file}: this container has no volume at ${mount}`);
  return path;
}

/** An earlier container of the pod shares the folder and may have left a link there, so no link is followed. */
function writeBelow(root: string, path: string, text: string): void {
  const parts = path.split('/');
  let directory = root;
  for (const part of parts.slice(0, -1)) {
    directory = join(directory, part);
    if (!existsSync(directory)) mkdirSync(directory);
    if (!lstatSync(directory).isDirectory()) throw new StepOutputError(`cannot write output file ${JSON.stringify(path)}: ${part} is not a folder`);
  }
  const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
  const file = join(dirname(join(root, path)), parts.at(-1)!);
  const descriptor = open(file, O_CREAT | O_WRONLY | O_TRUNC | O_NOFOLLOW, path);
  try {
    writeFileSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

function open(file: string, flags: number, path: string): number {
  try {
    return openSync(file, flags, 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    throw new StepOutputError(`cannot write output file ${JSON.stringify(path)}: a link stands in its place`, { cause: error });
  }
}

/** What earlier containers of the pod reported. */
function readStatus(metadataDir: string): Record<string, unknown> {
  const file = join(metadataDir, 'status.yaml');
  if (!existsSync(file)) return {};
  const info = lstatSync(file);
  if (!info.isFile() || info.size > STEP_LIMITS.statusBytes) throw new StepOutputError('cannot read status.yaml of an earlier container: it is no regular file or too large');
  const value = parseYaml(readFileSync(file, 'utf8'));
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
