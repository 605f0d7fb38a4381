/** Two small objects that, once they stand on a worker, prove that its GitOps agent reads the Destination. */
export const canaries = [
  {
    filename: 'kratix-canary-namespace.yaml',
    content: new TextEncoder().encode('apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kratix-worker-system\n'),
  },
  {
    filename: 'kratix-canary-configmap.yaml',
    content: new TextEncoder().encode(
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kratix-info\n  namespace: kratix-worker-system\ndata:\n  canary: This destination reads what the platform writes.\n',
    ),
  },
] as const;
