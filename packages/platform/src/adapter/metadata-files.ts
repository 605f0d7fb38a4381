import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseYaml } from '@plinth/apimachinery';
import { parseGoDuration } from '../go-duration.ts';
import { PipelineOutputError } from './errors.ts';
import { OUTPUT_LIMITS } from './limits.ts';
import { readRegularFile } from './read-output.ts';

type Json = Readonly<Record<string, unknown>>;

/** `status.yaml`: what the pipeline has to say in the object's status. Empty when there is no such file. */
export function readStatusFile(metadataDir: string): Json {
  const value = readYaml(metadataDir, 'status.yaml');
  if (value === undefined || value === null) return {};
  if (!isMapping(value)) throw new PipelineOutputError('status.yaml is not a mapping');
  if (Object.hasOwn(value, 'kratix')) throw new PipelineOutputError('status.yaml sets the key "kratix", which belongs to the platform');
  return value;
}

/** What `workflow-control.yaml` asks for: undefined goes on, anything else suspends the workflow. */
export interface Suspension {
  readonly message: string;
  /** In ms; absent: until somebody removes the label. */
  readonly retryAfterMs?: number;
}

export function readWorkflowControl(metadataDir: string): Suspension | undefined {
  const value = readYaml(metadataDir, 'workflow-control.yaml');
  if (value === undefined || value === null) return undefined;
  if (!isMapping(value)) throw new PipelineOutputError('workflow-control.yaml is not a mapping');
  const { suspend, message, retryAfter } = value;
  if (suspend !== undefined && typeof suspend !== 'boolean') throw new PipelineOutputError('workflow-control.yaml: suspend is neither true nor false');
  const text = typeof message === 'string' ? message : '';
  if (retryAfter !== undefined && retryAfter !== '') {
    const retryAfterMs = typeof retryAfter === 'string' ? parseGoDuration(retryAfter) : undefined;
    if (retryAfterMs === undefined) throw new PipelineOutputError(`workflow-control.yaml: retryAfter ${JSON.stringify(retryAfter)} is no duration such as 90s or 1h30m`);
    return { message: text, retryAfterMs };
  }
  return suspend ? { message: text } : undefined;
}

export interface WorkflowSelector {
  /** `.` for everything that no other entry names. */
  readonly directory: string;
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** `destination-selectors.yaml`: where directories of the output are to go. */
export function readDestinationSelectors(metadataDir: string): readonly WorkflowSelector[] {
  const value = readYaml(metadataDir, 'destination-selectors.yaml') ?? [];
  if (!Array.isArray(value)) throw new PipelineOutputError('destination-selectors.yaml is not a list');
  const seen = new Set<string>();
  return value.map((entry: unknown, index) => {
    const where = `destination-selectors.yaml, entry ${index + 1}`;
    if (!isMapping(entry)) throw new PipelineOutputError(`${where} is not a mapping`);
    const directory = cleanDirectory(entry['directory'], where);
    if (seen.has(directory)) throw new PipelineOutputError(`${where} names the directory ${directory} a second time`);
    seen.add(directory);
    const matchLabels = labelsOf(entry['matchLabels'], where);
    if (Object.keys(matchLabels).length === 0) throw new PipelineOutputError(`${where} has no matchLabels`);
    return { directory, matchLabels };
  });
}

/** The Promise's own selectors, from the ConfigMap; keys in any case, as Kratix reads them. The first entry wins. */
export function readPromiseScheduling(schedulingDir: string): Readonly<Record<string, string>> {
  const value = readYaml(schedulingDir, 'promise-scheduling', true) ?? [];
  if (!Array.isArray(value)) throw new PipelineOutputError('promise-scheduling is not a list');
  const merged: Record<string, string> = {};
  for (const entry of value) {
    if (!isMapping(entry)) continue;
    const labels = Object.entries(entry).find(([key]) => key.toLowerCase() === 'matchlabels')?.[1];
    for (const [key, label] of Object.entries(labelsOf(labels, 'promise-scheduling'))) merged[key] ??= label;
  }
  return merged;
}

function cleanDirectory(value: unknown, where: string): string {
  if (value === undefined || value === null || value === '') return '.';
  if (typeof value !== 'string') throw new PipelineOutputError(`${where}: the directory is no text`);
  const parts = value.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) return '.';
  if (parts.length > 1 || parts[0] === '..' || value.startsWith('/')) throw new PipelineOutputError(`${where}: the directory ${JSON.stringify(value)} must be a single path element`);
  return parts[0]!;
}

function labelsOf(value: unknown, where: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isMapping(value) || Object.values(value).some((label) => typeof label !== 'string')) throw new PipelineOutputError(`${where}: matchLabels is not a mapping of texts`);
  return value as Readonly<Record<string, string>>;
}

/** `mayBeLink`: the kubelet mounts the keys of a ConfigMap as links into a folder beside them. */
function readYaml(directory: string, name: string, mayBeLink = false): unknown {
  const file = join(directory, name);
  // Most pipelines write none of these, and an error would cost more than a look.
  const entry = (mayBeLink ? statSync : lstatSync)(file, { throwIfNoEntry: false });
  if (!entry) return undefined;
  if (entry.isSymbolicLink()) throw new PipelineOutputError(`${name} is a symbolic link`);
  const text = readRegularFile(file, name, { maxBytes: OUTPUT_LIMITS.metadataBytes, mayBeLink }).toString('utf8');
  try {
    return parseYaml(text);
  } catch (error) {
    throw new PipelineOutputError(`${name} is not valid YAML: ${(error as Error).message.replace(/^yaml: /, '')}`, { cause: error });
  }
}

const isMapping = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
