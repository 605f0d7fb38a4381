import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseYaml as parse } from '@plinth/apimachinery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runStep, readStepObject } from './run-step.ts';
import type { Step } from './step.ts';

let root: string;
const outputDir = (): string => join(root, 'output');
const metadataDir = (): string => join(root, 'metadata');
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plinth-sdk-'));
  mkdirSync(outputDir());
  mkdirSync(metadataDir());
});
afterEach(() => rmSync(root, { recursive: true }));

const object = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'one' } };
const run = (step: Step, signal = new AbortController().signal): Promise<void> =>
  runStep(step, { object, env: {}, outputDir: outputDir(), metadataDir: metadataDir(), log: () => {}, signal });

describe(runStep, () => {
  it('writes files, status, selectors and control where Kratix reads them', async () => {
    await run(({ output, status, destinationSelectors, workflowControl }) => {
      output('a/b.yaml', [{ answer: 'on' }, { second: 1 }]);
      output('plain.txt', 'text');
      status({ message: 'done' });
      destinationSelectors([{ matchLabels: { environment: 'dev' } }]);
      workflowControl({ retryAfter: '5s' });
    });
    expect(readFileSync(join(outputDir(), 'a/b.yaml'), 'utf8')).toBe('answer: "on"\n---\nsecond: 1\n');
    expect(readFileSync(join(outputDir(), 'plain.txt'), 'utf8')).toBe('text');
    const metadata = (name: string): unknown => parse(readFileSync(join(metadataDir(), name), 'utf8'));
    expect(metadata('status.yaml')).toEqual({ message: 'done' });
    expect(metadata('destination-selectors.yaml')).toEqual([{ matchLabels: { environment: 'dev' } }]);
    expect(metadata('workflow-control.yaml')).toEqual({ retryAfter: '5s' });
  });

  it('keeps status keys of an earlier container of the pod', async () => {
    writeFileSync(join(metadataDir(), 'status.yaml'), 'message: before\nother: 1\n');
    await run(({ status }) => status({ message: 'after' }));
    expect(parse(readFileSync(join(metadataDir(), 'status.yaml'), 'utf8'))).toEqual({ message: 'after', other: 1 });
  });

  it('adds to what an earlier container of the pod wrote, and follows no link to it', async () => {
    mkdirSync(join(outputDir(), 'a'));
    writeFileSync(join(outputDir(), 'a/b.yaml'), 'one: 1\n---\ntwo: 2\n');
    writeFileSync(join(root, 'elsewhere.yaml'), 'secret: 1\n');
    symlinkSync(join(root, 'elsewhere.yaml'), join(outputDir(), 'link.yaml'));
    await run(({ documents, output }) => output('a/b.yaml', [...documents('a/b.yaml').slice(1), ...documents('c.yaml'), { three: 3 }]));
    expect(readFileSync(join(outputDir(), 'a/b.yaml'), 'utf8')).toBe('two: 2\n---\nthree: 3\n');
    await expect(run(({ documents }) => void documents('link.yaml'))).rejects.toThrow('cannot read output file "link.yaml": link.yaml is no regular file');
    await expect(run(({ documents }) => void documents('../elsewhere.yaml'))).rejects.toThrow('the path leaves the output folder');
  });

  it('writes nothing when the step throws after it gave output', async () => {
    await expect(
      run(({ output }) => {
        output('a.yaml', {});
        throw new Error('no such size');
      }),
    ).rejects.toThrow('no such size');
    expect(readdirSync(outputDir())).toEqual([]);
  });

  it.each([
    ['../escape.yaml', 'the path leaves the output folder'],
    ['a/../../escape.yaml', 'the path leaves the output folder'],
    ['/etc/passwd', 'the path is absolute; it must be relative to the output folder'],
    ['', 'the path is empty'],
    ['a/.git/config', 'a part of the path is .git'],
    ['a\u0000b', 'the path contains a control character or a backslash'],
    ['folder/', 'the path names a folder'],
  ])('refuses the path %j', async (path, why) => {
    await expect(run(({ output }) => output(path, {}))).rejects.toThrow(why);
    expect(readdirSync(root).sort()).toEqual(['metadata', 'output']);
  });

  it('does not follow a link that an earlier container left as folder or file', async () => {
    symlinkSync(root, join(outputDir(), 'folder'));
    await expect(run(({ output }) => output('folder/stolen.yaml', {}))).rejects.toThrow('folder is not a folder');
    symlinkSync(join(root, 'stolen.yaml'), join(outputDir(), 'file.yaml'));
    await expect(run(({ output }) => output('file.yaml', {}))).rejects.toThrow('a link stands in its place');
    expect(readdirSync(root).sort()).toEqual(['metadata', 'output']);
  });

  it('refuses a second file of the same path, a status key of the platform and output without measure', async () => {
    await expect(run(({ output }) => (output('a', 'x'), output('./a', 'y')))).rejects.toThrow('it was written already');
    await expect(run(({ status }) => status({ kratix: {} }))).rejects.toThrow('the key "kratix" belongs to the platform');
    await expect(run(({ output }) => output('big', 'x'.repeat(5 * 1024 * 1024)))).rejects.toThrow('are more than');
    await expect(run(({ status }) => status({ big: 'x'.repeat(300_000) }))).rejects.toThrow('cannot set status');
  });

  it('ends when the signal aborts although the step hangs', async () => {
    const controller = new AbortController();
    const running = run(() => new Promise(() => {}), controller.signal);
    controller.abort(new Error('deadline'));
    await expect(running).rejects.toThrow('deadline');
  });
});

describe(readStepObject, () => {
  it('reads the object that the reader container left', () => {
    writeFileSync(join(root, 'object.yaml'), 'kind: Thing\nmetadata:\n  name: one\n');
    expect(readStepObject(root)).toEqual({ kind: 'Thing', metadata: { name: 'one' } });
  });
});
