import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isForbidden, printYaml, type UnstructuredObject } from '@plinth/apimachinery';
import { ANNOTATIONS } from '../naming/labels.ts';
import type { AdapterContext } from './run-pipeline-adapter.ts';
import { subjectFromEnv } from './subject.ts';

/** In the environment of every container of a dry run: `true`. */
export const DRY_RUN = 'KRATIX_DRY_RUN';

/** The container `reader`: writes the live object to `/kratix/input/object.yaml` and shows its beginning in the log. */
export async function readObject(context: AdapterContext): Promise<void> {
  const { env, path, client, log } = context;
  const { resource, key } = subjectFromEnv(env);
  const object = await client.get(resource, key);
  const { managedFields: _history, ...metadata } = env[DRY_RUN] === 'true' ? await realMetadata(context, object) : object.metadata;
  const text = printYaml({ ...object, metadata });
  const file = join(path('/kratix/input'), 'object.yaml');
  writeNew(file, text);
  log(text.slice(0, LOGGED_CHARACTERS));
}

/** The pod may have been run before, and an author's container may mount this volume too: nothing it left is written through. */
function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    rmSync(file, { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  }
}

/**
 * What a DryRun runs stands for another request: the pipeline is shown that one's metadata with the proposed spec. When it
 * is not there, or not for this pipeline's eyes, its name and namespace (contract, section 7.6).
 */
async function realMetadata({ env, client, log }: AdapterContext, object: UnstructuredObject): Promise<UnstructuredObject['metadata']> {
  const { [ANNOTATIONS.dryRunResourceName]: name, [ANNOTATIONS.dryRunResourceNamespace]: namespace } = object.metadata.annotations ?? {};
  if (!name) return object.metadata;
  const key = { name, namespace: namespace ?? object.metadata.namespace! };
  try {
    const real = await client.find(subjectFromEnv(env).resource, key);
    if (real) return real.metadata;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    log(`the request ${key.namespace}/${key.name} cannot be read from this namespace: only its name is known`);
  }
  return key;
}

const LOGGED_CHARACTERS = 500;
