import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import { tempDir } from '@plinth/testing';
import { expect, it } from 'vitest';
import { STEP_TOOLS, type StepTool } from '../src/index.ts';

const run = promisify(execFile);

/** Puts together what a tool needs and nothing else, as a step sees it. */
function alone(tool: StepTool, root: string): readonly string[] {
  for (const { source, at } of tool.needs) {
    mkdirSync(dirname(join(root, at)), { recursive: true });
    if (at.endsWith('.json')) copyFileSync(source, join(root, at));
    else cpSync(source, join(root, at), { recursive: true });
  }
  return [join(root, tool.main)];
}

it('runs yq and jq from nothing but the files that they name', async () => {
  await using dir = await tempDir();
  const [yq, jq] = STEP_TOOLS.map((tool) => alone(tool, join(dir.path, tool.name)));
  const file = join(dir.path, 'object.yaml');
  writeFileSync(file, '# mine\nspec: {size: small} # so\n');
  const env = { SIZE: 'large' };
  await run(execPath, [...yq!, '-i', '.spec.size = strenv(SIZE)', file], { env });
  expect(readFileSync(file, 'utf8')).toBe('# mine\nspec: {size: large} # so\n');
  const json = (await run(execPath, [...yq!, '-o', 'json', '.', file], { env })).stdout;
  writeFileSync(file, json);
  expect((await run(execPath, [...jq!, '-r', '.spec.size + env.SIZE', file], { env })).stdout).toBe('largelarge\n');

  const long = join(dir.path, 'long.json');
  writeFileSync(long, JSON.stringify(Array.from({ length: 100_000 }, (_each, index) => `line ${index}`)));
  for (const command of [yq!, jq!]) expect(await run('/bin/sh', ['-c', '"$@" | head -n 1', 'sh', execPath, ...command, '.[]', long])).toEqual({ stdout: expect.stringMatching(/^"?line 0"?\n$/) as string, stderr: '' });
});
