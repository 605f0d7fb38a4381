import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../apps/plinth/src/errors.ts';

const root = join(import.meta.dirname, '..');
const page = await readFile(join(root, 'docs/reference/cli.md'), 'utf8');

async function help(...command: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'apps/plinth/bin/plinth.mjs'), ...command, '--help']);
  return stdout.trimEnd();
}

describe('docs/reference/cli.md', () => {
  it('says of every command what --help says', async () => {
    const general = await help();
    const commands = [...general.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name]) => name!);
    expect([...page.matchAll(/^## `plinth (.*)`$/gm)].map(([, name]) => name)).toEqual(commands);
    const texts = await Promise.all(commands.map((name) => help(name)));
    for (const text of [general, ...texts]) expect(page).toContain(`\`\`\`text\n${text}\n\`\`\``);
  });

  it('lists the exit codes', () => {
    const listed = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(listed).toEqual(Object.values(exitCodes));
  });
});
