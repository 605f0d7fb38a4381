#!/usr/bin/env node
// The launcher: plain JavaScript for whatever Node.js there is (20 or newer). Plinth itself runs on Node.js 24, which the
// npm package `node` brings; with an older one the launcher starts itself again with that.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const wanted = 24;
if (Number(process.versions.node.split('.')[0]) >= wanted) {
  // The sources run as they are; what was stripped and compiled once is kept, which halves the time to start.
  module.enableCompileCache?.(join(dirname(fileURLToPath(import.meta.url)), '../../../node_modules/.cache/plinth'));
  await import('../src/main.ts');
} else {
  const node = bundledNode();
  if (!node) {
    console.error(`plinth: needs Node.js ${wanted}, found ${process.versions.node}, and the one that comes with Plinth is not installed.\nRun \`npm ci\` in the folder of Plinth first.`);
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends these to both; the child decides what they mean.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

function bundledNode() {
  try {
    const require = createRequire(import.meta.url);
    const path = join(dirname(require.resolve('node/package.json')), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
