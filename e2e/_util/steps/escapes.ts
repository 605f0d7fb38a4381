import { defineStep } from '@plinth/sdk';

export default defineStep(({ output }) => {
  output('../escaped.yaml', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'escaped', namespace: 'default' } });
});
