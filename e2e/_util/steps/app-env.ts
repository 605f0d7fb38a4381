import { defineStep } from '@plinth/sdk';

/** What a platform team adds to the Promise `app`: variables of the request go into the Deployment that an earlier step wrote. */
interface App {
  readonly [field: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly env?: Readonly<Record<string, string>> };
}
interface Workload {
  readonly [field: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly spec: { readonly containers: { env: object[] }[] } } };
}

export default defineStep<App>(({ object, documents, output }) => {
  const workload = documents('workload.yaml') as readonly Workload[];
  const deployment = workload.find(({ kind }) => kind === 'Deployment');
  for (const [name, value] of Object.entries(object.spec.env ?? {})) deployment?.spec.template.spec.containers[0]?.env.push({ name, value });
  output('workload.yaml', workload);
});
