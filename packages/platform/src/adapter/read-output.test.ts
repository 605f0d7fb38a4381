import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDestinationSelectors, readPromiseScheduling, readStatusFile, readWorkflowControl } from './metadata-files.ts';
import { readOutput } from './read-output.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plinth-output-'));
});
afterEach(() => rmSync(root, { recursive: true }));
const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
};

describe(readOutput, () => {
  it('reads files in the order of their names, with their folders', () => {
    write('b/z.yaml', 'a: 1\n---\nb: 2\n');
    write('b/a.txt', 'not: yaml: at: all');
    write('a.yml', '');
    expect(readOutput(root).map(({ path, content }) => [path, content.toString()])).toEqual([['a.yml', ''], ['b/a.txt', 'not: yaml: at: all'], ['b/z.yaml', 'a: 1\n---\nb: 2\n']]);
  });

  it.each([
    ['a symbolic link to a file', () => symlinkSync('/etc/passwd', join(root, 'x')), 'output file x is a symbolic link; only regular files are taken'],
    ['a symbolic link to a folder', () => symlinkSync('/etc', join(root, 'x')), 'output file x is a symbolic link; only regular files are taken'],
    ['a pipe', () => execFileSync('mkfifo', [join(root, 'x')]), 'output file x is neither a regular file nor a folder'],
    ['a .git folder', () => write('.git/config', ''), 'output file ".git/config" cannot be stored'],
    ['a name with a backslash', () => write('a\\b', ''), 'holds a control character or a backslash'],
    ['bad YAML', () => write('a/x.yaml', 'a: [1'), 'output file a/x.yaml is not valid YAML: line 1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['a key that stands twice', () => write('x.yaml', 'a: 1\na: 2\n'), 'output file x.yaml is not valid YAML: line 2: key "a" already set in map'],
    ['an alias bomb', () => write('x.yaml', `a: &a [x]\n${Array.from({ length: 12 }, (_, i) => `${String.fromCharCode(98 + i)}: &${String.fromCharCode(98 + i)} [${Array(9).fill(`*${String.fromCharCode(97 + i)}`).join(',')}]`).join('\n')}`), 'document contains excessive aliasing'],
    ['nesting without end', () => write('x.yaml', '['.repeat(100_000)), 'output file x.yaml is not valid YAML: line 1: more than 256 levels deep'],
    ["a Secret's values", () => write('x.yaml', 'a: 1\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: shop}\nstringData: {password: hunter2}\n'), 'output file x.yaml holds the values of Secret shop/login, and a state store is no place for them: let something at the destination make it, encrypt it (SOPS, SealedSecret), or, if it is none, annotate it plinth.dev/not-secret=true'],
    ["a Secret's values in a list of JSON", () => write('x.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, data: { password: 'aHVudGVyMg==' } }] })), 'output file x.json holds the values of Secret login'],
    ['a file that is too large', () => write('x', 'x'.repeat(5_000_000)), 'file x has 5000000 bytes'],
    ['too many files', () => Array.from({ length: 1_001 }, (_, index) => write(`f${index}`, '')), 'the output holds more than 1000 files'],
    ['too many folders', () => write(`${'d/'.repeat(40)}x`, ''), 'nested deeper than 32 folders'],
  ])('refuses %s', (_what, make, message) => {
    make();
    expect(() => readOutput(root)).toThrow(message);
  });

  it.each([
    ['has no values', 'data: {ca.crt: ""}'],
    ['is encrypted', 'data: {password: "ENC[AES256_GCM,data:x]"}\nsops: {mac: x}'],
    ['is none, as its author says', 'metadata: {name: login, annotations: {plinth.dev/not-secret: "true"}}\nstringData: {colour: red}'],
  ])('takes a Secret that %s', (_what, rest) => {
    write('x.yaml', `apiVersion: v1\nkind: Secret\n${rest}\n`);
    expect(readOutput(root)).toHaveLength(1);
  });

  it('takes a file named .json that is no manifest', () => {
    write('x.json', '{"a":1}\n{"b":2}\n');
    write('y.json', '{\t"a": 1}');
    expect(readOutput(root)).toHaveLength(2);
  });

  it('refuses a hard link to a file that stands elsewhere', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'plinth-elsewhere-'));
    writeFileSync(join(elsewhere, 'secret'), 'secret');
    linkSync(join(elsewhere, 'secret'), join(root, 'x'));
    expect(() => readOutput(root)).toThrow('file x is a hard link');
    rmSync(elsewhere, { recursive: true });
  });
});

describe('the files in /kratix/metadata', () => {
  it('are empty answers when they are not there', () => {
    expect(readStatusFile(root)).toEqual({});
    expect(readWorkflowControl(root)).toBeUndefined();
    expect(readDestinationSelectors(root)).toEqual([]);
    expect(readPromiseScheduling(root)).toEqual({});
  });

  it('are read in the forms of the contract', () => {
    write('status.yaml', 'message: done\n');
    write('workflow-control.yaml', 'retryAfter: 1m30s\nmessage: later\n');
    write('destination-selectors.yaml', '- matchLabels: {a: b}\n- directory: ./edge/\n  matchLabels: {c: d}\n');
    write('promise-scheduling', '- matchlabels: {x: one}\n  source: promise\n- matchLabels: {x: two, y: z}\n');
    expect(readStatusFile(root)).toEqual({ message: 'done' });
    expect(readWorkflowControl(root)).toEqual({ message: 'later', retryAfterMs: 90_000 });
    expect(readDestinationSelectors(root)).toEqual([{ directory: '.', matchLabels: { a: 'b' } }, { directory: 'edge', matchLabels: { c: 'd' } }]);
    expect(readPromiseScheduling(root)).toEqual({ x: 'one', y: 'z' });
  });

  it('are refused when they are links, but for what the kubelet mounts as one', () => {
    write('elsewhere', '- matchLabels: {a: b}\n');
    for (const name of ['status.yaml', 'workflow-control.yaml', 'destination-selectors.yaml', 'promise-scheduling']) symlinkSync('elsewhere', join(root, name));
    expect(() => readStatusFile(root)).toThrow('status.yaml is a symbolic link');
    expect(() => readWorkflowControl(root)).toThrow('workflow-control.yaml is a symbolic link');
    expect(() => readDestinationSelectors(root)).toThrow('destination-selectors.yaml is a symbolic link');
    expect(readPromiseScheduling(root)).toEqual({ a: 'b' });
  });

  it.each([
    ['status.yaml', '- a', 'status.yaml is not a mapping', () => readStatusFile(root)],
    ['status.yaml', 'kratix: 1', 'belongs to the platform', () => readStatusFile(root)],
    ['status.yaml', 'a: *x', 'status.yaml is not valid YAML', () => readStatusFile(root)],
    ['workflow-control.yaml', 'retryAfter: 1d', 'is no duration such as 90s', () => readWorkflowControl(root)],
    ['destination-selectors.yaml', '- directory: a/b\n  matchLabels: {a: b}', 'must be a single path element', () => readDestinationSelectors(root)],
    ['destination-selectors.yaml', '- directory: ..\n  matchLabels: {a: b}', 'must be a single path element', () => readDestinationSelectors(root)],
    ['destination-selectors.yaml', '- matchLabels: {a: b}\n- directory: .\n  matchLabels: {a: c}', 'a second time', () => readDestinationSelectors(root)],
    ['destination-selectors.yaml', '- directory: a', 'has no matchLabels', () => readDestinationSelectors(root)],
  ])('refuses %s with %j', (name, text, message, read) => {
    write(name, text);
    expect(read).toThrow(message);
  });
});
