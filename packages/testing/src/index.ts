/** What the tests of the other rooms share. Never a dependency of anything that runs in production. */
export { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './control-plane.ts';
export { eventually, type EventuallyOptions } from './eventually.ts';
export { fakeApi, type FakeApi } from './fake-api.ts';
export { fakeClock, type FakeClock } from './fake-clock.ts';
export { findChromium } from './find-chromium.ts';
export { findKubectl, type KubectlVersion } from './find-kubectl.ts';
export { freePort } from './free-port.ts';
export { leakCheck } from './leak-check.ts';
export { runKubectl, type KubectlOptions, type KubectlResult } from './run-kubectl.ts';
export { startS3Server, type S3Server } from './s3-server.ts';
export { tempDir, type TempDir } from './temp-dir.ts';
