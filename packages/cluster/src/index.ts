/**
 * What makes an API server a cluster. Controllers, scheduler, node agent and proxy stay inside: they are started together,
 * and what they do is seen through the API.
 */
export { startCluster, type Cluster, type ClusterOptions } from './start-cluster.ts';
export type { CatalogueEntry, ContainerContext, ImageCatalogue, Program, ProgramContext } from './runtime/catalogue.ts';
export type { HostImage, ImageFile } from './runtime/host/host-image.ts';
export type { SpareTool } from './runtime/host/spare-tools.ts';
export { DockerfileError, readDockerfile } from './runtime/host/read-dockerfile.ts';
export { ContainerStopped, type ContainerStopReason } from './runtime/container-runtime.ts';
export type { RunStepModule, StepHostRequest } from './runtime/step/step-host.ts';
export type { StepPoolOptions } from './runtime/step/step-pool.ts';
export { INGRESS_CONTROLLER } from './ingress/routes.ts';
export type { IngressOptions } from './ingress/ingress-controller.ts';
export { findSandbox, type Sandbox } from './runtime/host/sandbox.ts';
export { LOCAL_STORAGE_CLASS } from './controllers/volume-claim/reconciler.ts';
