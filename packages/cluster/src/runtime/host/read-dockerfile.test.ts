import { tempDir } from '@plinth/testing';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDockerfile } from './parse-dockerfile.ts';
import { readDockerfile } from './read-dockerfile.ts';

const read = async (text: string, paths: readonly string[] = []) => {
  await using dir = await tempDir();
  for (const path of paths) {
    mkdirSync(join(dir.path, path, '..'), { recursive: true });
    if (path.endsWith('/')) mkdirSync(join(dir.path, path), { recursive: true });
    else writeFileSync(join(dir.path, path), path);
  }
  const file = join(dir.path, 'Dockerfile');
  writeFileSync(file, text);
  const relative = (path: string): string => path.replace(dir.path, '.');
  try {
    const image = readDockerfile(file);
    return { ...image, files: image.files!.map(({ source, target }) => `${relative(source)} -> ${target}`) };
  } catch (error) {
    throw new Error(relative((error as Error).message).replaceAll(dir.path, '.'), { cause: error });
  }
};

describe(parseDockerfile, () => {
  it('joins lines, leaves out comments and heredocs, and takes options and lists apart', () => {
    const text = '# syntax\nfrom alpine AS base\nRUN a && \\\n  # between\n  b\nCOPY --from=x --chown=1:1 ["a b", "/c"]\nRUN <<EOF\nCOPY not this\nEOF\nENV A="x y" B=\'z\'\n';
    expect(parseDockerfile(text).map(({ name, line, options, words, isList }) => ({ name, line, options, words, isList }))).toEqual([
      { name: 'FROM', line: 2, options: {}, words: ['alpine', 'AS', 'base'], isList: false },
      { name: 'RUN', line: 3, options: {}, words: ['a', '&&', 'b'], isList: false },
      { name: 'COPY', line: 6, options: { from: 'x', chown: '1:1' }, words: ['a b', '/c'], isList: true },
      { name: 'RUN', line: 7, options: {}, words: ['<<EOF'], isList: false },
      { name: 'ENV', line: 10, options: {}, words: ['A=x y', 'B=z'], isList: false },
    ]);
  });
});

describe(readDockerfile, () => {
  it('takes files, settings, commands and tools from it', async () => {
    const text = 'FROM "alpine"\nARG DIR=/srv\nRUN ["mkdir", "/tmp/transfer"]\nRUN apk add --no-cache yq && mkdir -p a/b\nENV BASE=$DIR/base\nWORKDIR $DIR\nCOPY resources /tmp/transfer/resources/\nADD scripts/* ./\nADD run run\nCMD ["sh", "-c", "./run"]\nENTRYPOINT []\n';
    expect(await read(text, ['resources/a.yaml', 'scripts/one', 'scripts/two', 'run'])).toEqual({
      files: ['./resources -> /tmp/transfer/resources', './scripts/one -> /srv/one', './scripts/two -> /srv/two', './run -> /srv/run'],
      directories: ['/tmp/transfer', '/a/b', '/srv'],
      env: { BASE: '/srv/base' },
      workingDir: '/srv',
      cmd: ['sh', '-c', './run'],
      tools: ['yq'],
    });
    expect(await read('FROM bitnami/kubectl:1.30\nCOPY --from=mikefarah/yq /usr/bin/yq /usr/bin/yq\nENTRYPOINT kubectl get $X\n')).toMatchObject({ entrypoint: ['/bin/sh', '-c', 'kubectl get $X'], tools: ['kubectl', 'yq'] });
  });

  it.each([
    ['FROM golang AS b\nRUN go build\nFROM alpine\nCOPY --from=b /out/pipeline /bin/\n', './Dockerfile, line 4: COPY --from=b brings /out/pipeline, which is built by a container engine only'],
    ['FROM alpine\nADD https://example.org/x /x\n', './Dockerfile, line 2: ADD fetches https://example.org/x, which is done by a container engine only'],
    ['FROM alpine\nCOPY gone /x\n', './Dockerfile, line 2: COPY copies gone, and there is no ./gone'],
    ['FROM alpine\nCOPY ../x /x\n', './Dockerfile, line 2: COPY copies ../x, which lies outside of .'],
    ['COPY x /x\n', './Dockerfile has no FROM'],
  ])('refuses %j', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});
