import { tempDir } from '@plinth/testing';
import type { CatalogueEntry } from '@plinth/cluster';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCatalogue, SHELL_IMAGES } from './catalogue.ts';
import { matchesImage } from './image-pattern.ts';

describe(matchesImage, () => {
  it.each([
    ['alpine:*', 'alpine', true],
    ['alpine:*', 'docker.io/library/alpine:3.20', true],
    ['alpine:*', 'alpine@sha256:0123', true],
    ['alpine', 'docker.io/alpine:latest', true],
    ['alpine', 'alpine:3.20', false],
    ['alpine:*', 'alpine-like:1', false],
    ['alpine:*', 'example.org/alpine:1', false],
    ['bitnami/kubectl:*', 'docker.io/bitnami/kubectl:1.30', true],
    ['ghcr.io/acme/*', 'ghcr.io/acme/redis:v1', true],
    ['ghcr.io/acme/*', 'ghcrXio/acme/redis:v1', false],
    ['localhost:5000/x:*', 'localhost:5000/x:v2', true],
  ])('%s means %s: %s', (pattern, image, expected) => {
    expect(matchesImage(pattern, image)).toBe(expected);
  });
});

describe(createCatalogue, () => {
  it('asks what ships first, then the file of the team, then what the team may overrule', async () => {
    await using dir = await tempDir();
    const problems: string[] = [];
    const shipped: CatalogueEntry = { runtime: 'host', image: { cmd: ['shipped'] } };
    const catalogue = createCatalogue({ root: dir.path }, { builtIn: new Map([['plinth/x:v1', shipped]]), defaults: SHELL_IMAGES }, (problem) => problems.push(problem));
    expect(catalogue('ghcr.io/syntasso/kratix-pipeline-utility:v0.0.1')).toMatchObject({ runtime: 'host' });
    expect(catalogue('busybox')).toMatchObject({ runtime: 'host', withoutEngineOnly: true });
    expect(catalogue('example.org/redis:v1')).toBeUndefined();

    const files = join(dir.path, 'promise');
    mkdirSync(files);
    writeFileSync(join(files, 'Dockerfile'), 'FROM alpine\nCOPY run /run\nCMD ["/run"]\n');
    writeFileSync(join(files, 'run'), '');
    writeFileSync(join(files, 'Dockerfile.go'), 'FROM alpine\nCOPY --from=build /p /p\n');
    const file = join(dir.path, 'catalogue.json');
    writeFileSync(
      file,
      JSON.stringify({
        images: {
          'plinth/x:v1': { container: true },
          'ghcr.io/syntasso/kratix-pipeline-utility:v0.0.1': { container: true },
          'example.org/redis:*': { host: true, dockerfile: join(files, 'Dockerfile'), env: { A: 'b' } },
          'example.org/go:*': { host: true, dockerfile: join(files, 'Dockerfile.go') },
          'example.org/bad:*': { host: true, shell: 'zsh' },
          'example.org/step:v1': { step: '/srv/step.ts' },
          'example.org/files:v1': { host: true, files, command: ['/run'], args: ['x'], workingDir: '/w', tools: [] },
        },
      }),
    );
    expect(catalogue('plinth/x:v1')).toBe(shipped);
    expect(catalogue('ghcr.io/syntasso/kratix-pipeline-utility:v0.0.1')).toEqual({ runtime: 'container' });
    expect(catalogue('ghcr.io/syntasso/kratix-pipeline-utility:v0.0.2')).toMatchObject({ runtime: 'host' });
    expect(catalogue('example.org/redis:v2')).toMatchObject({ runtime: 'host', image: { files: [{ source: join(files, 'run'), target: '/run' }], cmd: ['/run'], env: { A: 'b' } } });
    expect(catalogue('example.org/go:v1')).toMatchObject({ runtime: 'unavailable', why: expect.stringContaining('built by a container engine only') as string });
    expect(catalogue('example.org/bad:v1')).toMatchObject({ runtime: 'unavailable', why: expect.stringMatching(/^catalogue\.json: example\.org\/bad:\*: unknown field shell/) as string });
    expect(catalogue('example.org/step:v1')).toEqual({ runtime: 'step', module: new URL('file:///srv/step.ts') });
    expect(catalogue('example.org/files:v1')).toEqual({ runtime: 'host', image: { files: [{ source: files, target: '/' }], entrypoint: ['/run'], cmd: ['x'], workingDir: '/w', tools: [] } });
    expect(problems.map((problem) => problem.replaceAll(dir.path, ''))).toEqual([
      expect.stringContaining('/catalogue.json: example.org/go:*: /promise/Dockerfile.go, line 2: COPY --from=build brings /p'),
      expect.stringContaining('/catalogue.json: example.org/bad:*: unknown field shell'),
    ]);

    writeFileSync(file, '{');
    utimesSync(file, 1, 1);
    expect(catalogue('example.org/step:v1')).toMatchObject({ runtime: 'container', note: expect.stringMatching(/^catalogue\.json is not valid JSON: /) as string });
    expect(catalogue('busybox')).toMatchObject({ runtime: 'host' });
    expect(problems.at(-1)).toContain('is not valid JSON');
  });
});
