import { describe, expect, it } from 'vitest';
import { parseEnvironment } from './parse-environment.ts';

describe(parseEnvironment, () => {
  it('takes the Secret with which the adapter is pulled', () => {
    expect(parseEnvironment({ PIPELINE_ADAPTER_PULL_SECRET: 'registry.login', HOME: '/root' })).toEqual({ config: { adapterPullSecret: 'registry.login' }, warnings: [] });
    expect(parseEnvironment({ PIPELINE_ADAPTER_PULL_SECRET: '' })).toEqual({ config: {}, warnings: [] });
  });

  it('leaves out what cannot be used, and says so', () => {
    expect(parseEnvironment({ PIPELINE_ADAPTER_PULL_SECRET: 'Not a name' })).toEqual({
      config: {},
      warnings: ['PIPELINE_ADAPTER_PULL_SECRET: Invalid value: "Not a name": must be the name of a Secret; no Secret is added'],
    });
  });
});
