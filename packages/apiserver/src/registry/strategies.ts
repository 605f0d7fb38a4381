import { reviewStrategies } from '../auth/index.ts';
import { crdStrategy } from '../crd/crd-strategy.ts';
import type { Strategies } from './builtins.ts';
import type { Registry } from './registry.ts';

/** The peculiarities of the built-in kinds. */
export function strategies(registry: Registry): Strategies {
  return {
    ...reviewStrategies,
    'apiextensions.k8s.io/customresourcedefinitions': crdStrategy(registry),
  };
}
