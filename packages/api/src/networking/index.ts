export * from './ingress.ts';
export * from './ingress-class.ts';
