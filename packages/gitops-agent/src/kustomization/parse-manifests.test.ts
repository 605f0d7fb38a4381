import { describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES, parseManifests } from './parse-manifests.ts';

const parse = (text: string) => parseManifests('f.yaml', Buffer.from(text));
const named = (name: string, kind = 'ConfigMap'): string => `apiVersion: v1\nkind: ${kind}\nmetadata: {name: ${name}}\n`;

describe(parseManifests, () => {
  it('reads all documents and the items of lists', () => {
    const { objects, problems } = parse(`${named('a')}---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n`);
    expect(problems).toEqual([]);
    expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual(['ConfigMap/a', 'Secret/b']);
  });

  it('keeps the good documents of a file with one that is no object', () => {
    const { objects, problems } = parse(`${named('a')}---\nkind: ConfigMap\n`);
    expect(objects).toHaveLength(1);
    expect(problems).toEqual(['failed to decode Kubernetes apiVersion, kind and name from: f.yaml (document 2)']);
  });

  it('names an object that stands in it twice', () => {
    expect(parse(`${named('a')}---\n${named('a')}`).problems).toEqual(['kustomize build failed: f.yaml defines ConfigMap a twice']);
  });

  it.each([
    ['no YAML', 'a: [1'],
    ['a key twice', 'a: 1\na: 2\n'],
    ['a billion laughs', `a: &a [x,x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((k, i) => `${k}: &${k} [${Array.from({ length: 10 }, () => `*${'abcdefg'[i] ?? ''}`).join(',')}]`).join('\n')}\n`],
    ['deep nesting', '['.repeat(100_000)],
    ['bytes that are no UTF-8', '\ud800'],
  ])('refuses %s with one problem and no object', (_name, text) => {
    const bytes = text === '\ud800' ? Uint8Array.of(0xff, 0xfe, 0x00) : Buffer.from(text);
    const { objects, problems } = parseManifests('f.yaml', bytes);
    expect(objects).toEqual([]);
    expect(problems).toEqual([expect.stringMatching(/^failed to decode Kubernetes YAML from f.yaml: ./)]);
  });

  it('refuses a file that is too large', () => {
    expect(parseManifests('f.yaml', new Uint8Array(MAX_FILE_BYTES + 1)).problems[0]).toContain('at most');
  });
});
