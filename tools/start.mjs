// `npm start`: installs what is missing, then runs `plinth demo`. Plain JavaScript for whatever Node.js there is, because
// on a fresh clone nothing is installed yet.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`Plinth needs Node.js 20 or newer to start; this is ${process.versions.node}.`);
  process.exit(1);
}
if (!isInstalled()) {
  console.log('Installing dependencies (npm ci) ...');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status, error } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`npm ci failed${error ? `: ${error.message}` : ` with exit code ${status}`}; see above, and try again.`);
    process.exit(status || 1);
  }
}

// Straight to the Node.js that Plinth brings, and one process less than through the machine's own.
const bundled = join(root, 'node_modules', 'node', 'bin', 'node');
const child = spawn(existsSync(bundled) ? bundled : process.execPath, [join(root, 'apps/plinth/bin/plinth.mjs'), 'demo', ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`${bundled} does not start: ${error.message}. Run \`npm ci\` in ${root}.`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));

/**
 * Whether what npm noted when it installed is what the lock file asks for. npm writes its note last, so half an
 * installation counts as none, and one that a person made with `npm ci` counts.
 */
function isInstalled() {
  const [wanted, found] = [packagesOf('package-lock.json'), packagesOf('node_modules/.package-lock.json')];
  if (!wanted || !found) return false;
  const withoutDev = process.env.NODE_ENV === 'production' || (process.env.npm_config_omit ?? '').includes('dev');
  return Object.entries(wanted).every(([path, entry]) => {
    const there = found[path];
    if (path === '') return true;
    if (!there) return Boolean(entry.optional || entry.devOptional || (entry.dev && withoutDev));
    // The lock file says of our own packages alone where they come from; what npm notes of the others depends on the machine.
    return ['version', 'integrity', ...(entry.resolved === undefined ? [] : ['resolved'])].every((field) => there[field] === entry[field]);
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}
