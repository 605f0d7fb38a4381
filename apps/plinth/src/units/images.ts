/** Images that the embedded clusters run themselves; a real cluster would pull them. */
export const images = {
  postgresOperator: 'ghcr.io/zalando/postgres-operator:v2.0.1',
  postgresInstance: 'ghcr.io/zalando/spilo-18:4.1-p2',
} as const;
