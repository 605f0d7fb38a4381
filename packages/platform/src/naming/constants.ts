/** Where the platform's own objects live, and as whom it acts. */
export const PLATFORM_NAMESPACE = 'kratix-platform-system';
export const CONTROLLER_SERVICE_ACCOUNT = 'kratix-platform-controller-manager';
export const PLATFORM_GROUP = 'platform.kratix.io';
export const PLATFORM_VERSION = 'v1alpha1';
export const PLATFORM_API_VERSION = `${PLATFORM_GROUP}/${PLATFORM_VERSION}`;
/** The ConfigMap with the settings of the installation, in {@link PLATFORM_NAMESPACE}. */
export const SETTINGS_NAME = 'kratix';
/** The image of the containers `reader`, `work-writer` and `status-writer`. */
export const PIPELINE_ADAPTER_IMAGE = 'plinth/pipeline-adapter:v1';
