import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { startWorld } from './helpers.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

if (executablePath) {
  it.each(['light', 'dark'] as const)('is walked from the list of repositories to a line of a file in a browser without script (%s)', async (colorScheme) => {
    const files = { 'worker/resources/default/pg/example/instance.yaml': 'kind: postgresql\nspec:\n  size: 1Gi\n' };
    await using world = await startWorld({ repositories: [{ owner: 'o', name: 'r', initialFiles: files }] });
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage({ javaScriptEnabled: false, colorScheme, viewport: { width: 360, height: 640 } });
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('requestfailed', (request) => complaints.push(request.url()));
      await page.goto(world.server.url);
      await page.getByRole('link', { name: 'o/r' }).click();
      await page.getByRole('link', { name: 'worker/resources/default/pg/example/' }).click();
      await page.getByRole('link', { name: 'instance.yaml' }).click();
      expect(new URL(page.url()).pathname).toBe('/o/r/src/branch/main/worker/resources/default/pg/example/instance.yaml');
      await page.getByRole('link', { name: 'Line 2', exact: true }).click();
      expect(new URL(page.url()).hash).toBe('#L2');
      await page.getByRole('link', { name: 'History' }).click();
      await page.getByRole('link', { name: 'Initial commit' }).click();
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Initial commit');
      // The style sheet is let through by the content security policy.
      expect(await page.evaluate('document.defaultView.getComputedStyle(document.querySelector(".box")).borderRadius')).toBe('6px');
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
} else {
  it.skip('walks the pages in a browser: skipped, no Chromium at /usr/bin/chromium', () => {});
}
