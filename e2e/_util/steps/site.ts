import { defineStep } from '@plinth/sdk';

interface Site {
  readonly [field: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly problem?: string; readonly namespace?: string; readonly image?: string; readonly command?: readonly string[]; readonly replicas?: unknown; readonly pods?: boolean };
}

/** What `e2e/why.test.ts` asks for: files of the kinds that go wrong in all the ways in which files can. */
export default defineStep<Site>(async ({ object, output, status, log }) => {
  const { name } = object.metadata;
  const { problem, namespace = 'default', image = 'example.org/tools:v1', command = ['sleep', '600'], replicas = 1, pods = false } = object.spec ?? {};
  log(`making ${name}`);
  if (problem === 'fails') throw new Error(`the plot of ${name} is flooded`);
  if (problem === 'hangs') await new Promise(() => {});
  const labels = { site: name };
  output('site.yaml', [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `site-${name}`, namespace }, data: { name } },
    ...(pods
      ? [
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: `site-${name}`, namespace },
            spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image, command }] } } },
          },
        ]
      : []),
  ]);
  status({ message: `site ${name} is built` });
});
