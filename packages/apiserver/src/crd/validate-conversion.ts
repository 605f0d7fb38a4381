import { X509Certificate } from 'node:crypto';
import type { CustomResourceDefinition } from '@plinth/api';
import { fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, type StatusCause } from '@plinth/apimachinery';
import { REVIEW_VERSIONS } from './conversion-webhook.ts';

type Conversion = NonNullable<CustomResourceDefinition['spec']['conversion']>;

/** What is wrong with how a CRD converts: who converts must be named in one way, over HTTPS, and speak a review that we speak. */
export function conversionCauses(conversion: Conversion | undefined): readonly StatusCause[] {
  const at = 'spec.conversion';
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  if (strategy === 'None') return webhook ? [fieldForbidden(`${at}.webhook`, 'should not be set when strategy is not set to Webhook')] : [];
  if (strategy !== 'Webhook') return [fieldNotSupported(`${at}.strategy`, strategy, ['None', 'Webhook'])];
  const { clientConfig, conversionReviewVersions = [] } = webhook ?? {};
  const causes: StatusCause[] = [];
  if (!clientConfig) causes.push(fieldRequired(`${at}.webhook.clientConfig`, 'required when strategy is set to Webhook'));
  else causes.push(...clientCauses(clientConfig, `${at}.webhook.clientConfig`));
  if (!conversionReviewVersions.some((version) => REVIEW_VERSIONS.includes(version))) {
    causes.push(fieldInvalid(`${at}.webhook.conversionReviewVersions`, conversionReviewVersions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
  }
  return causes;
}

function clientCauses({ url, service, caBundle }: NonNullable<NonNullable<Conversion['webhook']>['clientConfig']>, at: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if ((url === undefined) === (service === undefined)) causes.push(fieldRequired(at, 'exactly one of url or service is required'));
  if (url !== undefined) {
    const wrong = urlProblem(url);
    if (wrong) causes.push(fieldInvalid(`${at}.url`, url, wrong));
  }
  if (service) {
    const { port, path } = service;
    if (port !== undefined && (port < 1 || port > 65_535)) causes.push(fieldInvalid(`${at}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'));
    if (path !== undefined && (!path.startsWith('/') || /[?#\s]/.test(path))) causes.push(fieldInvalid(`${at}.service.path`, path, 'must start with a /, without a query'));
  }
  if (caBundle !== undefined && !isCertificate(caBundle)) causes.push(fieldInvalid(`${at}.caBundle`, '...', 'unable to load root certificates: must be PEM certificates in base64'));
  return causes;
}

function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'url must be a valid URL';
  const { protocol, username, password, hash, search } = new URL(text);
  if (protocol !== 'https:') return "'https' is the only allowed URL scheme";
  if (username || password) return 'user information is not permitted in the URL';
  if (hash) return 'fragments are not permitted in the URL';
  return search ? 'query parameters are not permitted in the URL' : undefined;
}

/** As text, which is how TLS takes authorities: of DER it would make none, and no connection were trusted. */
function isCertificate(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64').toString()).raw.length > 0;
  } catch {
    return false;
  }
}
