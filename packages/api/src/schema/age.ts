/** The AGE column that most kinds have. */
export const age = {
  name: 'Age',
  type: 'date',
  description: 'Time since creation.',
  jsonPath: '.metadata.creationTimestamp',
} as const;
