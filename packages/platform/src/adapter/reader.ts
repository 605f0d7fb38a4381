import { closeSync, open, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isForbidden, printYaml, type UnstructuredObject } from '@plinth/apimachinery';
import { ANNOTATIONS } from '../naming/labels.ts';
import { specHash } from '../naming/spec-hash.ts';
import type { AdapterContext } from './run-pipeline-adapter.ts';
import { OBJECT_GENERATION, OBJECT_HASH, subjectFromEnv } from './subject.ts';

/** In the environment of every container of a dry run: `true`. */
export const DRY_RUN = 'KRATIX_DRY_RUN';

/**
 * The container `reader`: writes the live object to `/kratix/input/object.yaml` and shows its beginning in the log. Throws when
 * the object's spec is not the one that the run was made for: then the run ends before a step has seen anything, and the
 * platform, which hears of the change as well, begins another one.
 */
export async function readObject(context: AdapterContext): Promise<void> {
  const { env, path, client, log } = context;
  const { resource, key } = subjectFromEnv(env);
  const object = await client.get(resource, key);
  checkObject(object, env);
  const { managedFields: _history, ...metadata } = env[DRY_RUN] === 'true' ? await realMetadata(context, object) : object.metadata;
  const text = printYaml({ ...object, metadata });
  const file = join(path('/kratix/input'), 'object.yaml');
  await writeNew(file, text);
  log(text.slice(0, LOGGED_CHARACTERS));
}

/** The pod may have been run before, and an author's container may mount this volume too: nothing it left is written through. */
async function writeNew(file: string, text: string): Promise<void> {
  const descriptor = await openFile(file, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    rmSync(file, { recursive: true });
    return openFile(file, 'wx');
  });
  try {
    writeFileSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

/** Off the main thread: finding a free inode is slow at times, and what follows is not. */
const openFile = promisify(open);

/**
 * A spec whose generation is the run's may still have another hash: a default that its CRD got meanwhile. One of another
 * generation may have the same, when a change was taken back. Neither is another object.
 */
function checkObject({ kind, metadata: { namespace, name, generation = 1 }, ...object }: UnstructuredObject, env: Readonly<Record<string, string>>): void {
  const { [OBJECT_GENERATION]: wanted, [OBJECT_HASH]: hash } = env;
  if (!wanted || !hash || generation === Number(wanted) || specHash(object['spec']) === hash) return;
  throw new Error(`${kind} ${namespace ? `${namespace}/` : ''}${name} was changed after this run was started (generation ${wanted}, now ${generation}): nothing was done with either, a new run begins`);
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
