import { defineStep } from '@plinth/sdk';
import { identityOf, type AppRequest } from './app-request.ts';
import { DNS_NAME, rule, WHOLE } from './rules.ts';

/** `ingress.yaml`: the address of the application; and the status, which says it. */
export default defineStep<AppRequest>(({ object, env, output, status, log }) => {
  const { name, namespace, title, port, labels } = identityOf(object, env);
  const host = `${title}.${namespace}.${rule(env, 'DOMAIN', 'localhost', DNS_NAME)}`;
  const outside = Number(rule(env, 'INGRESS_PORT', '80', WHOLE));
  const url = `http://${host}${outside === 80 ? '' : `:${outside}`}`;
  output('ingress.yaml', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace, labels },
    spec: {
      ingressClassName: rule(env, 'INGRESS_CLASS', 'plinth', DNS_NAME),
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name, port: { number: port } } } }] } }],
    },
  });
  // Until it does, the platform says in its place what is missing.
  status({ message: `${title} answers at ${url}`, url });
  log(url);
});
