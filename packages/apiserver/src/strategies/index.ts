import { reviewStrategies } from '../auth/index.ts';
import { crdStrategy } from '../crd/crd-strategy.ts';
import type { Registry } from '../registry/registry.ts';
import type { Strategies } from '../registry/builtins.ts';
import type { ServiceAddresses } from './service-addresses.ts';
import { configMapStrategy, secretStrategy } from './config.ts';
import { cronJobStrategy, jobStrategy } from './jobs.ts';
import { ingressStrategy } from './ingresses.ts';
import { namespaceStrategy } from './namespaces.ts';
import { podStrategy } from './pods.ts';
import { bindingStrategy } from './rbac.ts';
import { serviceStrategy } from './services.ts';
import { claimStrategy } from './volumes.ts';
import { deploymentStrategy, replicaSetStrategy, statefulSetStrategy } from './workloads.ts';

/** What is special about the built-in kinds, by `GROUP/PLURAL`. Everything else about them is in their declaration. */
export function strategies(registry: Registry, addresses: ServiceAddresses | undefined, hasServiceAccount: (namespace: string, name: string) => boolean): Strategies {
  return {
    '/namespaces': namespaceStrategy,
    '/pods': podStrategy(hasServiceAccount),
    '/secrets': secretStrategy,
    '/configmaps': configMapStrategy,
    '/services': serviceStrategy(addresses),
    '/persistentvolumeclaims': claimStrategy,
    '/persistentvolumes': claimStrategy,
    'apps/deployments': deploymentStrategy,
    'apps/replicasets': replicaSetStrategy,
    'apps/statefulsets': statefulSetStrategy,
    'batch/jobs': jobStrategy,
    'batch/cronjobs': cronJobStrategy,
    'networking.k8s.io/ingresses': ingressStrategy,
    'rbac.authorization.k8s.io/rolebindings': bindingStrategy,
    'rbac.authorization.k8s.io/clusterrolebindings': bindingStrategy,
    'apiextensions.k8s.io/customresourcedefinitions': crdStrategy(registry),
    ...reviewStrategies,
  };
}
