import type { KubeObject } from '@plinth/apimachinery';
import { LABELS } from './labels.ts';

/** The labels of a role or binding that say for which pipeline it is; in this order they are the pipeline's key. */
const PIPELINE_LABELS = [LABELS.promiseName, LABELS.promiseVersion, LABELS.workflowType, LABELS.workflowAction, LABELS.pipelineName, LABELS.pipelineNamespace] as const;

/** Names a pipeline across kinds: of one version, type and action, in one namespace. */
export const pipelineKeyFrom = (labels: Readonly<Record<string, string>> | undefined): string => PIPELINE_LABELS.map((label) => labels?.[label] ?? '').join('/');

export const pipelineKeyOf = ({ metadata }: KubeObject): string => pipelineKeyFrom(metadata.labels);
