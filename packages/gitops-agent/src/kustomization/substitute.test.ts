import { describe, expect, it } from 'vitest';
import { replaceVariables, substitute } from './substitute.ts';

const variables = new Map([['a', 'Alpha'], ['n', '3'], ['empty', '']]);

describe(replaceVariables, () => {
  it.each([
    ['${a}', 'Alpha'],
    ['x-${a}-y', 'x-Alpha-y'],
    ['$${a}', '${a}'],
    ['$a', '$a'],
    ['${unknown}', ''],
    ['${unknown:=d}', 'd'],
    ['${empty:-d}', 'd'],
    ['${a:=d}', 'Alpha'],
    ['${a:1:3}', 'lph'],
    ['${a:2}', 'pha'],
    ['${a/p/P}', 'AlPha'],
    ['${a//a/o}', 'Alpho'],
    ['${a^^}', 'ALPHA'],
    ['${a,,}', 'alpha'],
    ['${#a}', '5'],
  ])('%s is %s', (text, result) => {
    expect(replaceVariables(text, variables)).toBe(result);
  });

  it('names a form that it does not know', () => {
    expect(() => replaceVariables('${a@Q}', variables)).toThrow('${a@Q} is not a form of substitution that this agent knows');
  });
});

describe(substitute, () => {
  const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, spec: { replicas: '${n}', text: 'a ${a}' } };

  it('keeps a number a number', () => {
    expect(substitute(object, variables)['spec']).toEqual({ replicas: 3, text: 'a Alpha' });
  });

  it('leaves an object alone without variables, and one that asks for it', () => {
    expect(substitute(object, new Map())).toBe(object);
    const off = { ...object, metadata: { name: 'x', annotations: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' } } };
    expect(substitute(off, variables)).toBe(off);
  });
});
