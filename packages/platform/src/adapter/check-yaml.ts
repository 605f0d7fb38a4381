import { parseYamlDocuments } from '@plinth/apimachinery';
import { INSTEAD_OF_SECRETS, secretsWithValues } from '../naming/secret-values.ts';
import { PipelineOutputError } from './errors.ts';
import { OUTPUT_LIMITS } from './limits.ts';

/**
 * Refuses a file that calls itself YAML and is not, or that nobody could read: nested without end, or growing without
 * bound when its aliases are expanded; and one that would bring a Secret's values into a state store.
 */
export function checkYaml(path: string, text: string): void {
  let documents: readonly unknown[];
  try {
    documents = parseYamlDocuments(text, { maxLength: OUTPUT_LIMITS.fileBytes });
  } catch (error) {
    throw new PipelineOutputError(`output file ${path} is not valid YAML: ${(error as Error).message.replace(/^yaml: /, '')}`, { cause: error });
  }
  checkSecrets(path, documents);
}

/** Refuses a Secret's values. What is no JSON is no manifest, and may stand there. */
export function checkJson(path: string, text: string): void {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return;
  }
  checkSecrets(path, [document]);
}

function checkSecrets(path: string, documents: readonly unknown[]): void {
  const [secret] = secretsWithValues(documents);
  if (secret !== undefined) throw new PipelineOutputError(`output file ${path} holds the values of Secret ${secret}, and a state store is no place for them: ${INSTEAD_OF_SECRETS}`);
}
