import { badRequest, fieldInvalid, invalid, isJsonObject, methodNotAllowed, type UnstructuredObject } from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import { get } from '../verbs/get.ts';
import type { SubresourceTarget } from './route.ts';

const HOUR = 3_600;

/** `kubectl create token`: a token for a ServiceAccount, with the life time asked for (10 minutes to 4 billion seconds). */
export async function createToken(core: Core, { served, namespace, name }: SubresourceTarget, body: unknown, { user }: RequestContext): Promise<UnstructuredObject> {
  if (!core.issueToken) throw methodNotAllowed('this server issues no tokens');
  if (!isJsonObject(body)) throw badRequest('the body of the request must be a TokenRequest');
  const serviceAccount = get(core, served, namespace, name);
  const spec = isJsonObject(body['spec']) ? body['spec'] : {};
  const expirationSeconds = spec['expirationSeconds'] ?? HOUR;
  const bound = isJsonObject(spec['boundObjectRef']) ? spec['boundObjectRef'] : undefined;
  if (typeof expirationSeconds !== 'number' || !(expirationSeconds >= 600 && expirationSeconds <= 2 ** 32)) {
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, name, [fieldInvalid('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 10 minutes')]);
  }
  const audiences = Array.isArray(spec['audiences']) ? spec['audiences'].filter((audience) => typeof audience === 'string') : [];
  const status = await core.issueToken({
    serviceAccount,
    audiences,
    expirationSeconds,
    user,
    ...(bound
      ? { boundObject: { kind: String(bound['kind'] ?? ''), apiVersion: String(bound['apiVersion'] ?? 'v1'), name: String(bound['name'] ?? ''), ...(typeof bound['uid'] === 'string' && bound['uid'] !== '' ? { uid: bound['uid'] } : {}) } }
      : {}),
  });
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: { ...spec, audiences, expirationSeconds },
    status,
  };
}
