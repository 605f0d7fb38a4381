import { describe, expect, it } from 'vitest';
import { renderAccessRules, renderConfiguration, settleParameters } from './settings.ts';

describe(settleParameters, () => {
  it('lets the request win over the defaults, and the platform over the request', () => {
    const { parameters, ignored } = settleParameters(18, { Shared_Buffers: '64MB', port: '1', 'pg_stat_statements.max': '10' });
    expect(parameters).toMatchObject({ shared_buffers: '64MB', 'pg_stat_statements.max': '10', io_method: 'sync' });
    expect(parameters).not.toHaveProperty('port');
    expect(ignored).toEqual([{ name: 'port', reason: 'the platform sets it' }]);
  });
  it('leaves out what would write other lines into the file', () => {
    const { parameters, ignored } = settleParameters(15, { work_mem: "1'\nfsync = off", 'a b': '1' });
    expect(parameters).not.toHaveProperty('work_mem');
    expect(parameters).not.toHaveProperty('io_method');
    expect(ignored.map(({ name }) => name)).toEqual(['work_mem', 'a b']);
  });
});

describe(renderConfiguration, () => {
  it('quotes values as PostgreSQL reads them', () => {
    expect(renderConfiguration({ b: "it's", a: 'C:\\x' })).toMatch(/^# .*\na = 'C:\\\\x'\nb = 'it''s'\n$/);
  });
});

describe(renderAccessRules, () => {
  it('asks everybody for a password', () => {
    const rules = renderAccessRules('standby').split('\n').filter((line) => line && !line.startsWith('#'));
    expect(rules).toEqual(['host replication "standby" all scram-sha-256', 'host all all all scram-sha-256']);
  });
});
