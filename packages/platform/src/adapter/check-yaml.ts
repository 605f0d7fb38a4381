import { parseYamlDocuments } from '@plinth/apimachinery';
import { PipelineOutputError } from './errors.ts';
import { OUTPUT_LIMITS } from './limits.ts';

/**
 * Refuses a file that calls itself YAML and is not, or that nobody could read: nested without end, or growing without
 * bound when its aliases are expanded.
 */
export function checkYaml(path: string, text: string): void {
  try {
    parseYamlDocuments(text, { maxLength: OUTPUT_LIMITS.fileBytes });
  } catch (error) {
    throw new PipelineOutputError(`output file ${path} is not valid YAML: ${(error as Error).message.replace(/^yaml: /, '')}`, { cause: error });
  }
}
