import { describe, expect, it } from 'vitest';
import { planDatabases } from './plan-databases.ts';

const acid = { name: 'acid', flags: ['SUPERUSER', 'LOGIN'], verifier: 'SCRAM-x' };
const empty = { roles: new Map(), databases: new Map([['postgres', 'postgres']]) };

describe(planDatabases, () => {
  it('makes roles before databases', () => {
    expect(planDatabases([acid], [{ name: 'bestdb', owner: 'acid' }], empty)).toEqual({
      roles: [`create role "acid" SUPERUSER LOGIN password 'SCRAM-x'`],
      databases: ['create database "bestdb" owner "acid"'],
    });
  });
  it('takes the prepared database into use, once', () => {
    const prepared = { ...empty, databases: new Map([['plinth_prepared', 'postgres']]) };
    expect(planDatabases([acid], [{ name: 'one', owner: 'acid' }, { name: 'two', owner: 'acid' }], prepared)).toEqual({
      roles: [
        `create role "acid" SUPERUSER LOGIN password 'SCRAM-x'`,
        'alter database "plinth_prepared" rename to "one"',
        'alter database "one" with allow_connections true',
        'alter database "one" owner to "acid"',
      ],
      databases: ['create database "two" owner "acid"'],
    });
  });
  it('does not put the roles at risk for a database whose owner is missing', () => {
    const prepared = { ...empty, databases: new Map([['plinth_prepared', 'postgres']]) };
    expect(planDatabases([acid], [{ name: 'one', owner: 'nobody' }], prepared)).toMatchObject({ roles: [expect.stringMatching(/^create role/) as string], databases: ['create database "one" owner "nobody"'] });
  });
  it('adds flags and changes owners and passwords, and takes nothing away', () => {
    const present = { roles: new Map([['acid', { name: 'acid', flags: ['LOGIN', 'CREATEDB'], verifier: 'old' }]]), databases: new Map([['bestdb', 'other'], ['unwanted', 'acid']]) };
    expect(planDatabases([{ ...acid, verifier: undefined }], [{ name: 'bestdb', owner: 'acid' }], present)).toEqual({ roles: ['alter role "acid" SUPERUSER'], databases: ['alter database "bestdb" owner to "acid"'] });
    expect(planDatabases([{ name: 'acid', flags: ['LOGIN', 'NOCREATEDB'], verifier: undefined }], [{ name: 'bestdb', owner: 'other' }], present)).toEqual({ roles: [], databases: [] });
  });
  it('quotes names', () => {
    expect(planDatabases([], [{ name: 'a"b', owner: 'c"; drop' }], empty).databases).toEqual(['create database "a""b" owner "c""; drop"']);
  });
});
