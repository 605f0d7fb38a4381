import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { git, startWorld } from './helpers.ts';
import type { World } from './helpers.ts';

async function filled(): Promise<World & { readonly work: string }> {
  const world = await startWorld();
  const work = join(world.folder, 'work');
  await git(world.folder, 'clone', '-q', world.pushUrl, work);
  await mkdir(join(work, 'worker', 'resources', 'default', 'pg', 'example'), { recursive: true });
  await writeFile(join(work, 'worker', 'resources', 'default', 'pg', 'example', 'instance.yaml'), 'kind: postgresql\nspec:\n  size: 1Gi\n');
  await writeFile(join(work, '<img src=x onerror=alert(1)>.txt'), '<script>alert("x")</script>\n');
  await writeFile(join(work, 'binary'), Buffer.from([0, 1, 2]));
  await symlink('binary', join(work, 'link'));
  await git(work, 'add', '.');
  await git(work, 'commit', '-qm', 'First <b>commit</b>');
  await writeFile(join(work, 'worker', 'resources', 'default', 'pg', 'example', 'instance.yaml'), 'kind: postgresql\nspec:\n  size: 2Gi\n');
  await git(work, 'commit', '-qam', 'Grow', '-m', 'For more room.');
  await git(work, 'push', '-q', 'origin', 'main', 'main~1:refs/heads/team/old', 'main:refs/tags/v1');
  return { ...world, work };
}

describe('pages', () => {
  it('shows repositories, trees, files, raw files, history and commits at their addresses', async () => {
    await using world = await filled();
    const page = async (path: string): Promise<string> => {
      const response = await fetch(world.server.url + path);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      return response.text();
    };
    expect(await page('/')).toContain('<a href="/o/r">o/r</a>');
    expect(await page('/o/r')).toContain(`git clone ${world.url}`);
    expect(await page('/o/r/src/branch/main/worker')).toContain('href="/o/r/src/branch/main/worker/resources/default/pg/example">resources/default/pg/example/</a>');
    const file = await page('/o/r/src/branch/main/worker/resources/default/pg/example/instance.yaml');
    expect(file).toContain('id="L3"');
    expect(file).toContain('  size: 2Gi');
    expect(await page('/o/r/src/branch/team/old/worker/resources/default/pg/example/instance.yaml')).toContain('  size: 1Gi');
    expect(await page('/o/r/src/tag/v1/binary')).toContain('This file is not text');
    expect(await page('/o/r/raw/branch/main/worker/resources/default/pg/example/instance.yaml')).toBe('kind: postgresql\nspec:\n  size: 2Gi\n');
    const history = await page('/o/r/commits/branch/main');
    expect(history.indexOf('Grow')).toBeLessThan(history.indexOf('First'));
    expect(await page('/o/r/commits/branch/main/binary')).not.toContain('Grow');
    const head = (await git(world.work, 'rev-parse', 'main')).trim();
    const commit = await page(`/o/r/commit/${head}`);
    expect(commit).toContain('For more room.');
    expect(commit).toMatch(/<tr class="del">.*-  size: 1Gi/);
    expect(commit).toMatch(/<tr class="add">.*\+  size: 2Gi/);
    expect(await page(`/o/r/commit/${head.slice(0, 8)}`)).toContain(head);
    expect(await page(`/o/r/src/commit/${head}/worker`)).toContain('resources/default');
  });

  it('escapes what people wrote, wherever it stands', async () => {
    await using world = await filled();
    const first = (await git(world.work, 'rev-parse', 'main~1')).trim();
    for (const path of ['/', '/o/r', '/o/r/commits/branch/main', `/o/r/commit/${first}`, `/o/r/src/branch/main/${encodeURIComponent('<img src=x onerror=alert(1)>.txt')}`, '/o/r/src/branch/%3Cscript%3E', '/%3Cscript%3E/x']) {
      const text = await (await fetch(world.server.url + path)).text();
      expect(text).not.toMatch(/<script|<img|<b>/);
    }
  });

  it('gives raw files so that no browser runs them', async () => {
    await using world = await filled();
    const response = await fetch(`${world.url}/raw/branch/main/${encodeURIComponent('<img src=x onerror=alert(1)>.txt')}`);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    expect((await fetch(`${world.url}/raw/branch/main/binary`)).headers.get('content-type')).toBe('application/octet-stream');
  });

  it('answers 404 with a page to what is not there', async () => {
    await using world = await filled();
    for (const path of ['/x', '/o/missing', '/o/r/src/branch/none', '/o/r/src/branch/main/none', '/o/r/src/branch/main/..%2f..%2fetc', '/o/r/commit/abcdef1', '/o/r/commit/zz', '/o/r/nothing', '/o/r/src', '/%ff']) {
      const response = await fetch(world.server.url + path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.text()).toContain('<h1>Not found</h1>');
    }
  });

  it('says "not modified" until something changes', async () => {
    await using world = await filled();
    const first = await fetch(world.url);
    const again = await fetch(world.url, { headers: { 'if-none-match': first.headers.get('etag')! } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    await git(world.work, 'commit', '-q', '--allow-empty', '-m', 'more');
    await git(world.work, 'push', '-q', 'origin', 'main');
    expect((await fetch(world.url, { headers: { 'if-none-match': first.headers.get('etag')! } })).status).toBe(200);
    expect(await (await fetch(world.url, { method: 'HEAD' })).text()).toBe('');
    expect((await fetch(world.url, { method: 'POST' })).status).toBe(405);
  });

  it('shows an empty repository with the way to fill it', async () => {
    await using world = await startWorld();
    expect(await (await fetch(world.url)).text()).toContain('This repository is empty');
  });

  it('pages through long histories', async () => {
    await using world = await filled();
    for (let at = 0; at < 35; at++) await git(world.work, 'commit', '-q', '--allow-empty', '-m', `number ${at}`);
    await git(world.work, 'push', '-q', 'origin', 'main');
    const first = await (await fetch(`${world.url}/commits/branch/main`)).text();
    expect(first).toContain('rel="next"');
    expect(first).not.toContain('>Grow<');
    const second = await (await fetch(`${world.url}/commits/branch/main?page=2`)).text();
    expect(second).toContain('>Grow<');
    expect(second).not.toContain('rel="next"');
  });
});
