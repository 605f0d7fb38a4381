/** What all kinds of the platform have in common. */
export const platformGroup = { group: 'platform.kratix.io', version: 'v1alpha1' } as const;

/** `kubectl get kratix` lists them all. */
export const platformCategories = ['kratix'] as const;

export const readyColumn = {
  name: 'Ready',
  type: 'string',
  description: 'Whether it can be used.',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
} as const;

/** The message of the condition Ready, as Work and WorkPlacement show it. */
export const readyMessageColumn = {
  name: 'Status',
  type: 'string',
  description: 'What the condition Ready says.',
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
} as const;
