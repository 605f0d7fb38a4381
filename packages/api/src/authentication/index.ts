export * from './authentication.ts';
