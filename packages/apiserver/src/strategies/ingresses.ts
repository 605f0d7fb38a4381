import { fieldInvalid, fieldNotSupported, fieldRequired, isDns1123Subdomain, isWildcardDns1123Subdomain, type StatusCause } from '@plinth/apimachinery';
import type { Strategy } from '../registry/strategy.ts';
import { listAt, objectAt, type Members } from './members.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/ */
export const ingressStrategy: Partial<Strategy> = {
  validate: (ingress) => {
    const spec = objectAt(ingress, 'spec') ?? {};
    const rules = listAt(spec, 'rules');
    const none = rules.length === 0 && !spec['defaultBackend'] ? [fieldInvalid('spec', spec, 'either `defaultBackend` or `rules` must be specified')] : [];
    const backend = spec['defaultBackend'] ? backendCauses(objectAt(spec, 'defaultBackend')!, 'spec.defaultBackend') : [];
    return [...none, ...backend, ...rules.flatMap((rule, index) => ruleCauses(rule, `spec.rules[${index}]`))];
  },
};

function ruleCauses(rule: Readonly<Members>, at: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const { host } = rule;
  if (typeof host === 'string' && host !== '') {
    if (/^[\d.]+$/.test(host) || host.includes(':')) causes.push(fieldInvalid(`${at}.host`, host, 'must be a DNS name, not an IP address'));
    else for (const problem of (host.includes('*') ? isWildcardDns1123Subdomain : isDns1123Subdomain)(host)) causes.push(fieldInvalid(`${at}.host`, host, problem));
  }
  const http = objectAt(rule, 'http');
  if (!http) return causes;
  const paths = listAt(http, 'paths');
  if (paths.length === 0) causes.push(fieldRequired(`${at}.http.paths`));
  return [...causes, ...paths.flatMap((path, index) => pathCauses(path, `${at}.http.paths[${index}]`))];
}

function pathCauses(entry: Readonly<Members>, at: string): readonly StatusCause[] {
  const { path, pathType } = entry;
  const causes: StatusCause[] = [];
  if (pathType === undefined) causes.push(fieldRequired(`${at}.pathType`, 'pathType must be specified'));
  else if (!PATH_TYPES.includes(pathType as string)) causes.push(fieldNotSupported(`${at}.pathType`, pathType, PATH_TYPES));
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (typeof path !== 'string' || !path.startsWith('/')) causes.push(fieldInvalid(`${at}.path`, path ?? '', 'must be an absolute path'));
    else for (const part of ['//', '/./', '/../', '%2f', '%2F']) if (path.includes(part)) causes.push(fieldInvalid(`${at}.path`, path, `must not contain '${part}'`));
  }
  const backend = objectAt(entry, 'backend');
  return [...causes, ...(backend ? backendCauses(backend, `${at}.backend`) : [fieldRequired(`${at}.backend`)])];
}

function backendCauses(backend: Readonly<Members>, at: string): readonly StatusCause[] {
  const service = objectAt(backend, 'service');
  if (service && backend['resource']) return [fieldInvalid(at, '', 'cannot set both resource and service backends')];
  if (backend['resource']) return [];
  if (!service) return [fieldRequired(at, 'must be either resource or service')];
  const causes: StatusCause[] = service['name'] ? [] : [fieldRequired(`${at}.service.name`)];
  const { name, number } = objectAt(service, 'port') ?? {};
  if (Boolean(name) === Boolean(number)) causes.push(name ? fieldInvalid(at, '', 'cannot set both port name & port number') : fieldRequired(at, 'port name or number is required'));
  else if (number !== undefined && number !== 0 && !(Number.isInteger(number) && (number as number) > 0 && (number as number) < 65_536)) causes.push(fieldInvalid(`${at}.service.port.number`, number, 'must be between 1 and 65535, inclusive'));
  return causes;
}

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
