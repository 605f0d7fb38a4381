import { defineStep } from '@plinth/sdk';
import { identityOf, type AppRequest } from './app-request.ts';
import { QUANTITY, rule, WHOLE } from './rules.ts';

/** `workload.yaml`: the Deployment that runs the application, and the Service that leads to its copies. */
export default defineStep<AppRequest>(({ object, env, output, log }) => {
  const { name, namespace, port, labels, selector } = identityOf(object, env);
  const replicas = Number(rule(env, 'REPLICAS', '1', WHOLE));
  const metadata = { name, namespace, labels };
  const healthPath = rule(env, 'HEALTH_PATH', '/healthz', /^\//);
  output('workload.yaml', [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: selector },
        // A new copy has to be ready before an old one goes.
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
            terminationGracePeriodSeconds: 15,
            containers: [
              {
                name: 'app',
                image: object.spec.image,
                ports: [{ name: 'http', containerPort: port }],
                env: [{ name: 'PORT', value: String(port) }],
                resources: {
                  requests: { cpu: rule(env, 'CPU_REQUEST', '50m', QUANTITY), memory: rule(env, 'MEMORY_REQUEST', '64Mi', QUANTITY) },
                  limits: { memory: rule(env, 'MEMORY_LIMIT', '256Mi', QUANTITY) },
                },
                readinessProbe: { httpGet: { path: healthPath, port: 'http' }, periodSeconds: 1, timeoutSeconds: 2 },
                livenessProbe: { tcpSocket: { port: 'http' }, initialDelaySeconds: 10, periodSeconds: 10 },
                // Whoever sends requests learns in this time that the copy goes, while it still answers.
                lifecycle: { preStop: { sleep: { seconds: 2 } } },
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              },
            ],
          },
        },
      },
    },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector, ports: [{ name: 'http', port, targetPort: 'http' }] } },
  ]);
  log(`${namespace}/${name}: ${replicas} of ${object.spec.image} at port ${port}`);
});
