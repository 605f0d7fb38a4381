import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printYaml } from '@plinth/apimachinery';
import type { AdapterContext } from './run-pipeline-adapter.ts';
import { subjectFromEnv } from './subject.ts';

/** The container `reader`: writes the live object to `/kratix/input/object.yaml` and shows its beginning in the log. */
export async function readObject({ env, path, client, log }: AdapterContext): Promise<void> {
  const { resource, key } = subjectFromEnv(env);
  const object = await client.get(resource, key);
  const { managedFields: _history, ...metadata } = object.metadata;
  const text = printYaml({ ...object, metadata });
  writeFileSync(join(path('/kratix/input'), 'object.yaml'), text);
  log(text.slice(0, LOGGED_CHARACTERS));
}

const LOGGED_CHARACTERS = 500;
