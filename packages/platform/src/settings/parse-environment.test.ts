import { describe, expect, it } from 'vitest';
import { parseEnvironment } from './parse-environment.ts';

describe(parseEnvironment, () => {
  it('takes what Kratix takes', () => {
    const env = { PIPELINE_ADAPTER_PULL_SECRET: 'registry.login', KRATIX_EXEC_TIMEOUT: '90s', KRATIX_GIT_REQUEST_TIMEOUT: '1m', KRATIX_GITHUB_APP_CREDS_EXPIRATION_DURATION: '60m', KRATIX_TLS_DATA_PATH: '/tls', KRATIX_GIT_TRACE: '1', KRATIX_LOGGER_PREFIX: 'kratix', HOME: '/root' };
    expect(parseEnvironment(env)).toEqual({
      config: { adapterPullSecret: 'registry.login' },
      gitClient: { timeoutMs: 90_000, gitHubTimeoutMs: 60_000, keepTokenMs: 3_600_000, authoritiesFolder: '/tls', isTraced: true },
      loggerName: 'kratix',
      warnings: [],
    });
    expect(parseEnvironment({ PIPELINE_ADAPTER_PULL_SECRET: '', KRATIX_EXEC_TIMEOUT: '', KRATIX_GIT_TRACE: '0' })).toEqual({ config: {}, gitClient: {}, warnings: [] });
  });

  it('leaves out what cannot be used, and says so', () => {
    expect(parseEnvironment({ PIPELINE_ADAPTER_PULL_SECRET: 'Not a name', KRATIX_EXEC_TIMEOUT: '0s', KRATIX_GIT_REQUEST_TIMEOUT: '1d', KRATIX_GIT_TRACE_PACKET: '1', PIPELINE_ADAPTER_IMG: 'ghcr.io/syntasso/kratix-platform-pipeline-adapter:v1' })).toEqual({
      config: {},
      gitClient: {},
      warnings: [
        'PIPELINE_ADAPTER_IMG: has no effect: the adapter is a part of the platform and runs in its process',
        'KRATIX_GIT_TRACE_PACKET: has no effect: what travels may hold secrets, and is never logged; KRATIX_GIT_TRACE=1 logs each exchange without it',
        'PIPELINE_ADAPTER_PULL_SECRET: Invalid value: "Not a name": must be the name of a Secret; no Secret is added',
        'KRATIX_EXEC_TIMEOUT: Invalid value: "0s": must be a duration from 1ms to 596h such as 90s or 5m; the default is used',
        'KRATIX_GIT_REQUEST_TIMEOUT: Invalid value: "1d": must be a duration from 1ms to 596h such as 90s or 5m; the default is used',
      ],
    });
  });
});
