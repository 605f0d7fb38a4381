import { defineStep } from '@plinth/sdk';

/** The step of a Promise that makes next to nothing: one ConfigMap. */
export default defineStep(({ object, output }) => {
  output('config-map.yaml', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `light-${object.metadata.name}`, namespace: 'default' }, data: { from: object.metadata.name } });
});
