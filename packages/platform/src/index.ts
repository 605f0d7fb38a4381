/** The product: Promises, requests, Works and their way to destinations. Kept inside: how each kind is reconciled. */
export { runPipelineAdapter, type PipelineAdapterOptions } from './adapter/run-pipeline-adapter.ts';
export { platformAdmission, type PlatformAdmissionOptions, type PlatformAdmissionRequest } from './admission/platform-admission.ts';
export { checkPromise } from './admission/check-promise.ts';
export { DEFAULT_CONFIG, type PlatformConfig } from './config.ts';
export { type ParsedEnvironment, parseEnvironment } from './settings/parse-environment.ts';
export { type StateStoreWriterFactory } from './state-store/open-writer.ts';
export { type StateStore, type StoreSecret } from './state-store/secret.ts';
export { platformManifests } from './manifests/platform-manifests.ts';
export { CONTROLLER_SERVICE_ACCOUNT, PIPELINE_ADAPTER_IMAGE, PLATFORM_NAMESPACE } from './naming/constants.ts';
export { ANNOTATIONS, LABELS } from './naming/labels.ts';
export { type Platform, type PlatformOptions, startPlatform } from './start-platform.ts';
export * as why from './why/index.ts';
