import { readFileSync } from 'node:fs';
import { promises, type PlatformPromise } from '@plinth/api';
import { isAlreadyExists, isConflict, parseYaml, type UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import * as app from '@plinth/promise-app';
import * as postgresql from '@plinth/promise-postgresql';

/** The images of the steps of what is offered, and where these are. */
export const offeredStepImages: Readonly<Record<string, URL>> = { ...postgresql.stepImages, ...app.stepImages };

/** Puts what ships with Plinth on offer. From then on it is the platform team's: their changes, and its removal, stay. */
export async function offerPromises(client: Client, ingressPort: number | undefined): Promise<void> {
  await Promise.all([postgresql.promiseFile, app.promiseFile].map((file) => offer(client, withIngressPort(readPromise(file), ingressPort))));
}

/** Applications have the port in their addresses; it can be another one than at the last start. */
export async function followIngressPort(client: Client, ingressPort: number | undefined): Promise<void> {
  for (;;) {
    const offered = await client.find<PlatformPromise & UnstructuredObject>(promises, { name: 'app' });
    const changed = offered && withIngressPort(offered, ingressPort);
    if (!changed || changed === offered) return;
    try {
      await client.update(promises, changed, { fieldManager: 'plinth' });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

const readPromise = (file: URL): UnstructuredObject => parseYaml(readFileSync(file, 'utf8')) as UnstructuredObject;

async function offer(client: Client, promise: UnstructuredObject): Promise<void> {
  try {
    await client.create(promises, promise, { fieldManager: 'plinth' });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

interface Pipeline extends UnstructuredObject {
  readonly spec?: { readonly containers?: readonly { readonly env?: readonly { readonly name: string; readonly value?: string }[] }[] };
}

/** The same object when no container has the variable with another value. */
function withIngressPort<T extends UnstructuredObject>(promise: T, port: number | undefined): T {
  const spec = promise['spec'] as PlatformPromise['spec'];
  const pipelines = (spec?.workflows?.resource?.configure ?? []) as readonly Pipeline[];
  if (port === undefined || !pipelines.some((pipeline) => envOf(pipeline).some(({ name, value }) => name === app.INGRESS_PORT && value !== String(port)))) return promise;
  const configure = pipelines.map((pipeline) => ({
    ...pipeline,
    spec: {
      ...pipeline.spec,
      containers: (pipeline.spec?.containers ?? []).map((container) => ({
        ...container,
        ...(container.env ? { env: container.env.map((each) => (each.name === app.INGRESS_PORT ? { ...each, value: String(port) } : each)) } : {}),
      })),
    },
  }));
  return { ...promise, spec: { ...spec, workflows: { ...spec?.workflows, resource: { ...spec?.workflows?.resource, configure } } } };
}

const envOf = (pipeline: Pipeline) => (pipeline.spec?.containers ?? []).flatMap(({ env }) => env ?? []);
