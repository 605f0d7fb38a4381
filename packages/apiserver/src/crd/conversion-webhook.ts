import { randomUUID } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import type { CustomResourceDefinition } from '@plinth/api';
import { internalError, isJsonObject, type ApiError, type UnstructuredObject } from '@plinth/apimachinery';

/** Brings objects of a kind into another version. Results come in the order of the objects. Errors: InternalError with what the webhook said. */
export type Converter = (objects: readonly UnstructuredObject[], apiVersion: string) => Promise<readonly UnstructuredObject[]>;

/** Where a Service can be reached from this process. Errors: why it cannot. */
export type FindService = (namespace: string, name: string) => { readonly host: string };

/** The versions of ConversionReview that we speak; they differ in their name alone. */
export const REVIEW_VERSIONS: readonly string[] = ['v1', 'v1beta1'];

/**
 * The webhook of a CRD whose `conversion.strategy` is Webhook
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion).
 * It is asked over HTTPS, verified against its `caBundle` (else the system's authorities), and has 30 s for an answer. Of the
 * metadata it may change labels and annotations alone. There is no failure policy: what cannot be converted cannot be shown,
 * and the caller hears why.
 */
export function webhookConverter(crd: CustomResourceDefinition, findService: FindService): Converter {
  const { group, names, conversion } = crd.spec;
  const { clientConfig, conversionReviewVersions = [] } = conversion?.webhook ?? {};
  const review = `apiextensions.k8s.io/${conversionReviewVersions.find((version) => REVIEW_VERSIONS.includes(version)) ?? 'v1'}`;
  const ca = clientConfig?.caBundle ? Buffer.from(clientConfig.caBundle, 'base64').toString() : undefined;
  const address = (): Address => (clientConfig?.url ? { url: new URL(clientConfig.url) } : serviceAddress(clientConfig?.service, findService));

  const convert: Converter = async (objects, apiVersion) => {
    const failed = (why: string, cause?: unknown): ApiError => internalError(`conversion webhook for ${objects[0]?.apiVersion ?? group}, Kind=${names.kind} failed: ${why}`, cause);
    const uid = randomUUID();
    let answer: unknown;
    try {
      answer = JSON.parse(await post(address(), ca, JSON.stringify({ apiVersion: review, kind: 'ConversionReview', request: { uid, desiredAPIVersion: apiVersion, objects } })));
    } catch (error) {
      throw failed((error as Error).message, error);
    }
    const response = isJsonObject(answer) && isJsonObject(answer['response']) ? answer['response'] : undefined;
    if (!response || response['uid'] !== uid) throw failed('the answer is no ConversionReview with the uid of the request');
    const result = isJsonObject(response['result']) ? response['result'] : {};
    if (result['status'] !== 'Success') throw failed(typeof result['message'] === 'string' && result['message'] !== '' ? result['message'].slice(0, 1_000) : `the status of its result is ${JSON.stringify(result['status']) ?? 'missing'}`);
    const converted = response['convertedObjects'];
    if (!Array.isArray(converted) || converted.length !== objects.length) throw failed(`expected ${objects.length} converted objects, got ${Array.isArray(converted) ? converted.length : 'none'}`);
    return objects.map((object, index) => {
      const checked = checkConverted(object, converted[index], apiVersion);
      if (typeof checked === 'string') throw failed(`invalid converted object at index ${index}: ${checked}`);
      return checked;
    });
  };
  return async (objects, apiVersion) => (await Promise.all(batches(objects).map((batch) => convert(batch, apiVersion)))).flat();
}

/** So many at a time, or a list of large objects would be more than a webhook takes. */
const BATCH = 500;

function batches(objects: readonly UnstructuredObject[]): readonly (readonly UnstructuredObject[])[] {
  return Array.from({ length: Math.ceil(objects.length / BATCH) }, (_, index) => objects.slice(index * BATCH, (index + 1) * BATCH));
}

/** The object as it is to be shown, or what is wrong with it. */
function checkConverted(original: UnstructuredObject, converted: unknown, apiVersion: string): UnstructuredObject | string {
  if (!isJsonObject(converted) || !isJsonObject(converted['metadata'])) return 'it is no object with metadata';
  if (converted['apiVersion'] !== apiVersion) return `its apiVersion is ${JSON.stringify(converted['apiVersion']) ?? 'missing'}, wanted was ${JSON.stringify(apiVersion)}`;
  if (converted['kind'] !== original.kind) return `its kind is ${JSON.stringify(converted['kind']) ?? 'missing'}, it was ${JSON.stringify(original.kind)}`;
  const { name, namespace, uid, labels, annotations } = converted['metadata'];
  for (const [field, value] of Object.entries({ name, namespace, uid })) {
    const was = original.metadata[field as 'name' | 'namespace' | 'uid'];
    if ((value ?? '') !== (was ?? '')) return `metadata.${field} may not be changed from ${JSON.stringify(was ?? '')} to ${JSON.stringify(value ?? '')}`;
  }
  for (const [field, map] of Object.entries({ labels, annotations })) {
    if (map !== undefined && map !== null && !(isJsonObject(map) && Object.values(map).every((value) => typeof value === 'string'))) return `metadata.${field} is no map of texts`;
  }
  const { labels: _labels, annotations: _annotations, ...kept } = original.metadata;
  const metadata = { ...kept, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) } as UnstructuredObject['metadata'];
  return { ...converted, apiVersion, kind: original.kind, metadata };
}

interface Address {
  readonly url: URL;
  /** What the certificate is to say, when it is not the host of the URL. */
  readonly servername?: string;
}

type ServiceReference = NonNullable<NonNullable<NonNullable<CustomResourceDefinition['spec']['conversion']>['webhook']>['clientConfig']>['service'];

function serviceAddress(service: ServiceReference, findService: FindService): Address {
  const { namespace = '', name = '', path = '', port = 443 } = service ?? {};
  const { host } = findService(namespace, name);
  return { url: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}${path || '/'}`), servername: `${name}.${namespace}.svc` };
}

/** The body of a 200. */
async function post({ url, servername }: Address, ca: string | undefined, body: string): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const shown = `Post "https://${servername ?? url.hostname}${url.port && `:${url.port}`}${url.pathname}"`;
  try {
    return await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', accept: 'application/json', 'content-length': Buffer.byteLength(body), ...(servername ? { host: servername } : {}) };
      const call = httpsRequest(url, { method: 'POST', headers, signal, agent: false, ...(ca ? { ca } : {}), ...(servername ? { servername } : {}) });
      call.once('error', reject);
      call.once('response', (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.once('error', reject);
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          if ((bytes += chunk.length) > MAX_ANSWER_BYTES) response.destroy(new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`));
        });
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`answered with ${response.statusCode}: ${text.slice(0, 200)}`));
        });
      });
      call.end(body);
    });
  } catch (error) {
    throw new Error(`${shown}: ${signal.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : (error as Error).message || (error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}

/** As Kubernetes' own. */
const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
