import type { ApiResource, ObjectKey } from '@plinth/apimachinery';

/** Ours, of the adapter's containers: the generation and the hash of the spec that the run was made for. */
export const OBJECT_GENERATION = 'PLINTH_OBJECT_GENERATION';
export const OBJECT_HASH = 'PLINTH_OBJECT_HASH';

/** The object that a pipeline works for, from the environment of its containers. */
export function subjectFromEnv(env: Readonly<Record<string, string>>): { readonly resource: ApiResource; readonly key: ObjectKey } {
  const required = (name: string): string => {
    const value = env[name];
    if (!value) throw new Error(`the environment variable ${name} is not set`);
    return value;
  };
  const namespace = env['KRATIX_OBJECT_NAMESPACE'] ?? '';
  return {
    resource: {
      group: required('KRATIX_OBJECT_GROUP'),
      version: required('KRATIX_OBJECT_VERSION'),
      kind: required('KRATIX_OBJECT_KIND'),
      plural: required('KRATIX_CRD_PLURAL'),
      namespaced: namespace !== '',
    },
    key: { name: required('KRATIX_OBJECT_NAME'), ...(namespace ? { namespace } : {}) },
  };
}
