import type { Kustomization } from '@plinth/api';

/**
 * Fields that change what is applied, or as whom, and that this agent does not know. To ignore one would be to apply
 * something else than what was asked for, so the Kustomization stalls and says so. Undefined when there is none.
 */
export function unsupportedOf(kustomization: Kustomization, canActAs: boolean): string | undefined {
  const { spec } = kustomization;
  if (!spec) return 'spec is missing';
  const used: (string | undefined)[] = [
    spec.patches?.length ? 'patches' : undefined,
    spec.images?.length ? 'images' : undefined,
    spec.components?.length ? 'components' : undefined,
    spec.namePrefix ? 'namePrefix' : undefined,
    spec.nameSuffix ? 'nameSuffix' : undefined,
    spec.decryption ? 'decryption' : undefined,
    spec.serviceAccountName && !canActAs ? 'serviceAccountName' : undefined,
    spec.kubeConfig ? 'kubeConfig' : undefined,
    spec.healthCheckExprs?.length ? 'healthCheckExprs' : undefined,
    spec.ignore?.length ? 'ignore' : undefined,
    spec.dependsOn?.some(({ readyExpr }) => readyExpr) ? 'dependsOn[].readyExpr' : undefined,
    spec.deletionPolicy === 'WaitForTermination' ? 'deletionPolicy WaitForTermination' : undefined,
  ];
  const names = used.filter((name) => name !== undefined);
  if (names.length > 0) return `spec.${names.join(', spec.')} not supported by this agent, remove it`;
  if (spec.sourceRef.kind !== 'GitRepository' && spec.sourceRef.kind !== 'Bucket') return `spec.sourceRef.kind ${spec.sourceRef.kind} not supported by this agent, use GitRepository or Bucket`;
  return undefined;
}
