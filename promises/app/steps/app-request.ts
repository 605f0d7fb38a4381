/** A request of this Promise, after the defaults of its schema. */
export interface AppRequest {
  readonly [field: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly name?: string;
    readonly image: string;
    readonly dbDriver?: 'none' | 'postgresql';
    readonly service?: { readonly port?: number };
  };
}

/** What every object of an application is called, and the labels that lead back to its request. */
export function identityOf({ metadata, spec }: AppRequest, env: Readonly<Record<string, string>>): Identity {
  const { name, namespace = 'default' } = metadata;
  const origin = { 'kratix.io/promise-name': env['KRATIX_PROMISE_NAME'] ?? 'app', 'kratix.io/resource-name': name, 'kratix.io/resource-namespace': namespace };
  return {
    name,
    namespace,
    title: spec.name ?? name,
    port: spec.service?.port ?? 8080,
    labels: { 'app.kubernetes.io/name': spec.name ?? name, 'app.kubernetes.io/instance': name, ...origin },
    selector: { 'app.kubernetes.io/instance': name, 'kratix.io/promise-name': origin['kratix.io/promise-name'] },
  };
}

export interface Identity {
  readonly name: string;
  /** On the worker the same as the request's on the platform. */
  readonly namespace: string;
  readonly title: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Never changes for one request, as a Deployment's selector must not. */
  readonly selector: Readonly<Record<string, string>>;
}
