export * from './storage-class.ts';
