export * from './crd-of.ts';
export * from './custom-resource-definition.ts';
